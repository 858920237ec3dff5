"""Seed data of the school: `python -m migrations.seeds` with DATABASE_URL set; may be run again and again."""
