"""The database's migrations, run by Alembic, and the seed data; an image carries the revisions that its
release knows."""
