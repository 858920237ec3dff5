"""Incidents and the audit trail: a schema with a version table of its own, which no rollback takes down."""
