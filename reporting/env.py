"""Alembic's environment of the `reporting` schema: the application's sessions and lock, its own versions."""

import sqlalchemy
from alembic import context

from migrations import connection

if context.is_offline_mode():
    context.configure(url="postgresql+psycopg://", literal_binds=True, version_table_schema="reporting")
    with context.begin_transaction():
        context.run_migrations()
else:
    with (
        connection.readable_errors(),
        connection.connect() as database,
        connection.exclusive(database),
    ):
        database.execute(sqlalchemy.text("CREATE SCHEMA IF NOT EXISTS reporting"))
        database.commit()
        context.configure(
            connection=database, target_metadata=sqlalchemy.MetaData(), version_table_schema="reporting"
        )
        with context.begin_transaction():
            context.run_migrations()
