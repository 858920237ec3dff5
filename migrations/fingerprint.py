"""The schema as one hash: by it a database is compared with the one on which a revision was proved.

What pg_dump would show of the application's own schemas counts: tables, columns, types, defaults,
constraints, whether indexes are valid, views, functions, triggers, sequences, policies, comments, grants. In
the order of names, so that neither the order of columns nor oids matter; owners differ between stacks.
"""

import hashlib
from typing import Any

import psycopg

OTHERS = ("information_schema", "reporting", "migration_state")
"""Schemas that are not the revisions': the server's, the incident log's, the state of migrations.safe."""

VERSION_TABLE = "alembic_version"


MINE = """
    n.nspname !~ '^pg_' AND n.nspname <> ALL (%(others)s)
"""
# What belongs to an extension is the extension's.
OWN = (
    "NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '{catalog}'::regclass AND d.objid = {oid} "
    "AND d.deptype = 'e')"
)

PARTS = (
    # relations: kind, persistence, options, grants, comment, row security
    f"""
    SELECT format('%%s %%I.%%I %%s %%s rls=%%s,%%s', c.relkind, n.nspname, c.relname, c.relpersistence,
                  c.reloptions, c.relrowsecurity, c.relforcerowsecurity)
           || coalesce(' comment ' || obj_description(c.oid, 'pg_class'), '')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND {MINE} AND c.relname <> %(version)s
      AND {OWN.format(catalog="pg_class", oid="c.oid")}
    """,
    f"""
    SELECT format('grant %%I.%%I %%s %%s %%s', n.nspname, c.relname,
                  CASE WHEN a.grantee = 0 THEN 'public' ELSE pg_get_userbyid(a.grantee)::text END,
                  a.privilege_type, a.is_grantable)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
    WHERE {MINE} AND c.relname <> %(version)s AND a.grantee <> c.relowner
    """,
    f"""
    SELECT format('column %%I.%%I.%%I %%s %%s null=%%s default=%%s identity=%%s generated=%%s collation=%%s',
                  n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attstorage,
                  NOT a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated,
                  a.attcollation::regcollation)
           || coalesce(' comment ' || col_description(c.oid, a.attnum), '')
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND {MINE}
      AND c.relname <> %(version)s
    """,
    f"""
    SELECT format('constraint %%I.%%I %%s %%s valid=%%s', n.nspname, r.conname, r.conrelid::regclass,
                  pg_get_constraintdef(r.oid), r.convalidated)
           || coalesce(' comment ' || obj_description(r.oid, 'pg_constraint'), '')
    FROM pg_constraint r JOIN pg_namespace n ON n.oid = r.connamespace
    WHERE {MINE} AND (r.conrelid = 0 OR r.conrelid::regclass::text <> %(version)s)
    """,
    f"""
    SELECT format('index %%s valid=%%s', pg_get_indexdef(i.indexrelid), i.indisvalid AND i.indisready)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {MINE} AND i.indrelid::regclass::text <> %(version)s
    """,
    f"""
    SELECT format('view %%I.%%I %%s', n.nspname, c.relname, pg_get_viewdef(c.oid))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND {MINE}
    """,
    f"""
    SELECT format('function %%s grants=%%s', pg_get_functiondef(p.oid), p.proacl)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.prokind IN ('f', 'p') AND {MINE} AND {OWN.format(catalog="pg_proc", oid="p.oid")}
    """,
    f"""
    SELECT format('trigger %%s %%s', pg_get_triggerdef(t.oid), t.tgenabled)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND {MINE}
    """,
    f"""
    SELECT format('policy %%I on %%s %%s %%s %%s %%s', p.polname, p.polrelid::regclass, p.polcmd,
                  p.polpermissive,
                  pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {MINE}
    """,
    f"""
    SELECT format('type %%I.%%I %%s %%s', n.nspname, t.typname, t.typtype,
                  format_type(t.typbasetype, t.typtypmod))
           || coalesce(' labels ' || (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder)
                                      FROM pg_enum e WHERE e.enumtypid = t.oid), '')
           || coalesce(' comment ' || obj_description(t.oid, 'pg_type'), '')
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typtype IN ('e', 'd', 'r') AND {MINE} AND {OWN.format(catalog="pg_type", oid="t.oid")}
    """,
    "SELECT format('extension %%s', extname) FROM pg_extension WHERE extname <> 'plpgsql'",
)


def lines(session: psycopg.Connection[Any]) -> list[str]:
    """The schema as text, one object a line, in order."""
    values = {"others": list(OTHERS), "version": VERSION_TABLE}
    found = [str(row[0]) for part in PARTS for row in session.execute(part.encode(), values)]
    return sorted(found)


def fingerprint(session: psycopg.Connection[Any]) -> str:
    """SHA-256 of the schema, 64 hex digits."""
    return hashlib.sha256("\n".join(lines(session)).encode()).hexdigest()
