"""What every release of the school runs on: its settings, database, probes, metrics and flags."""
