-- Every object of the application's schemas with what pg_dump would show of it, in two columns: its name, and how it
-- is defined. $1: the schemas to look into. Asked with an empty search_path, so that every name is written with its
-- schema. Neither the order of columns nor oids nor owners are in it: those differ between stacks. Left out are what
-- belongs to an extension, Alembic's own table, and partitions, which come and go with time.
WITH relations AS (
    SELECT c.*, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY ($1::text[]) AND NOT c.relispartition AND c.relname <> 'alembic_version'
      AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
), functions AS (
    SELECT p.*, n.nspname,
           format('function %I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS object
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = ANY ($1::text[])
      AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
), types AS (
    SELECT t.*, n.nspname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE n.nspname = ANY ($1::text[]) AND t.typtype IN ('e', 'd', 'r')
      AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
)
SELECT format('schema %I', nspname) AS object, '' AS definition FROM pg_namespace WHERE nspname = ANY ($1::text[])
UNION ALL
SELECT format('%s %I.%I', CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                                       WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' ELSE 'table' END, nspname, relname),
       format('%s%s options=%s row security=%s,%s', relpersistence, ' by ' || pg_get_partkeydef(oid), reloptions,
              relrowsecurity, relforcerowsecurity)
       || coalesce(' inherits ' || (SELECT string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno)
                                    FROM pg_inherits WHERE inhrelid = relations.oid), '')
       || CASE WHEN relkind IN ('v', 'm') THEN ' as ' || pg_get_viewdef(oid) ELSE '' END
       || coalesce(' comment ' || obj_description(oid, 'pg_class'), '')
FROM relations WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
UNION ALL
SELECT format('sequence %I.%I', nspname, relname),
       format('%s from %s by %s, %s to %s, cache %s, cycle=%s', seqtypid::regtype, seqstart, seqincrement, seqmin,
              seqmax, seqcache, seqcycle) || coalesce(' comment ' || obj_description(oid, 'pg_class'), '')
FROM relations JOIN pg_sequence ON seqrelid = oid
UNION ALL
SELECT format('column %I.%I.%I', r.nspname, r.relname, a.attname),
       format('%s%s%s%s%s storage=%s collation=%s', format_type(a.atttypid, a.atttypmod),
              CASE WHEN a.attnotnull THEN ' not null' ELSE '' END, ' default ' || pg_get_expr(d.adbin, d.adrelid),
              ' identity ' || nullif(a.attidentity::text, ''), ' generated ' || nullif(a.attgenerated::text, ''), a.attstorage,
              a.attcollation::regcollation)
       || coalesce(' comment ' || col_description(r.oid, a.attnum), '')
FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid
     LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
-- Of the kinds that version 18 added for NOT NULL, the column says it already.
SELECT format('constraint %I on %s', c.conname, CASE WHEN r.oid IS NULL THEN c.contypid::regtype::text
                                                 ELSE format('%I.%I', r.nspname, r.relname) END),
       pg_get_constraintdef(c.oid) || CASE WHEN c.convalidated THEN '' ELSE ' (not validated)' END
       || coalesce(' comment ' || obj_description(c.oid, 'pg_constraint'), '')
FROM pg_constraint c LEFT JOIN relations r ON r.oid = c.conrelid
WHERE c.contype NOT IN ('n', 't') AND (r.oid IS NOT NULL OR c.contypid IN (SELECT oid FROM types))
UNION ALL
SELECT format('index %I.%I', r.nspname, c.relname),
       pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid AND i.indisready THEN '' ELSE ' (invalid)' END
       || coalesce(' comment ' || obj_description(c.oid, 'pg_class'), '')
FROM pg_index i JOIN relations r ON r.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid
UNION ALL
SELECT object, pg_get_functiondef(oid) || coalesce(' comment ' || obj_description(oid, 'pg_proc'), '')
FROM functions WHERE prokind IN ('f', 'p')
UNION ALL
SELECT format('trigger %I on %I.%I', t.tgname, r.nspname, r.relname),
       pg_get_triggerdef(t.oid) || ' enabled=' || t.tgenabled::text
       || coalesce(' comment ' || obj_description(t.oid, 'pg_trigger'), '')
FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
UNION ALL
SELECT format('rule %I on %I.%I', w.rulename, r.nspname, r.relname), pg_get_ruledef(w.oid)
FROM pg_rewrite w JOIN relations r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
UNION ALL
SELECT format('policy %I on %I.%I', p.polname, r.nspname, r.relname),
       format('%s permissive=%s using %s check %s', p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid),
              pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_policy p JOIN relations r ON r.oid = p.polrelid
UNION ALL
SELECT format('statistics %I.%I', n.nspname, s.stxname), pg_get_statisticsobjdef(s.oid)
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE n.nspname = ANY ($1::text[])
UNION ALL
SELECT format('type %I.%I', nspname, typname),
       format('%s%s%s%s', typtype, ' of ' || nullif(format_type(typbasetype, typtypmod), '-'),
              CASE WHEN typnotnull THEN ' not null' ELSE '' END, ' default ' || typdefault)
       || coalesce(' labels ' || (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder)
                                  FROM pg_enum WHERE enumtypid = types.oid), '')
       || coalesce(' comment ' || obj_description(oid, 'pg_type'), '')
FROM types
UNION ALL
SELECT format('grant %s on %s to %s', a.privilege_type, on_what.name,
              CASE WHEN a.grantee = 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(a.grantee)) END),
       CASE WHEN a.is_grantable THEN 'grantable' ELSE '' END
FROM (SELECT format('%I.%I', nspname, relname) AS name, relacl AS acl, relowner AS owner FROM relations
      UNION ALL SELECT object, proacl, proowner FROM functions
      UNION ALL SELECT format('schema %I', nspname), nspacl, nspowner FROM pg_namespace
                WHERE nspname = ANY ($1::text[]) AND nspname <> 'public') on_what, aclexplode(on_what.acl) a
WHERE a.grantee <> on_what.owner
UNION ALL
SELECT format('extension %I', extname), '' FROM pg_extension WHERE extname <> 'plpgsql'
