"""Columns, constraints, indexes and tables, each changed while requests go on."""
