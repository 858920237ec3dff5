"""What a migration costs those who write meanwhile: ours and the naive Alembic form of the same change."""
