"""Checks of the revisions before a release: `python -m migrations.check lint|prove`. Not part of an image."""
