"""Rows, read batch by batch; those that a downgrade puts aside come back with the next upgrade."""
