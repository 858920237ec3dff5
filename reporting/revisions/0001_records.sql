CREATE TABLE reporting.audit_event (
    number bigint PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind text NOT NULL CHECK (kind IN ('command', 'update', 'incident')),
    stack text NOT NULL,
    actor text NOT NULL,
    -- As it was sent, to the character: the hash is over this text.
    body json NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL UNIQUE
);
COMMENT ON TABLE reporting.audit_event IS 'What was asked, by whom, on what, and what came of it; a chain by hash';
CREATE INDEX audit_event_at ON reporting.audit_event (stack, at);

CREATE TABLE reporting.stack_update (
    stack text NOT NULL,
    -- Number of the update, or its start time where the backend numbers none.
    update text NOT NULL,
    message text NOT NULL,
    result text NOT NULL,
    audit_number bigint NOT NULL REFERENCES reporting.audit_event,
    PRIMARY KEY (stack, update)
);
COMMENT ON TABLE reporting.stack_update IS 'Updates of stack history that an audit event made or found';

CREATE TABLE reporting.incident (
    id text PRIMARY KEY,
    stack text NOT NULL,
    -- Alarm, ticket or digest that it is about: the same cause twice is one incident.
    cause text NOT NULL,
    title text NOT NULL,
    source text NOT NULL CHECK (source IN ('alarm', 'ticket', 'rollback')),
    opened_by bigint NOT NULL REFERENCES reporting.audit_event
);
COMMENT ON TABLE reporting.incident IS 'Incidents; what happened to each is in incident_entry, so that nothing is ever changed';

CREATE TABLE reporting.incident_entry (
    incident text NOT NULL REFERENCES reporting.incident,
    audit_number bigint NOT NULL REFERENCES reporting.audit_event,
    at timestamptz NOT NULL,
    -- opened, detected, stabilized, told, mitigated, resolved, closed, note
    state text NOT NULL,
    stack text,
    update text,
    body json NOT NULL,
    PRIMARY KEY (incident, audit_number),
    FOREIGN KEY (stack, update) REFERENCES reporting.stack_update
);
COMMENT ON TABLE reporting.incident_entry IS 'What happened in an incident, and the event and update that it belongs to';

CREATE FUNCTION reporting.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'reporting.% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

DO $$
DECLARE one text;
BEGIN
    FOREACH one IN ARRAY ARRAY['audit_event', 'stack_update', 'incident', 'incident_entry'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reporting.%I
            FOR EACH ROW EXECUTE FUNCTION reporting.refuse_change()', one);
        EXECUTE format('CREATE TRIGGER never_emptied BEFORE TRUNCATE ON reporting.%I
            FOR EACH STATEMENT EXECUTE FUNCTION reporting.refuse_change()', one);
    END LOOP;
END $$;

-- Each part with its length before it, so that no two events have one text.
CREATE FUNCTION reporting.chain_hash(parts text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(sha256(convert_to(string_agg(octet_length(part) || ':' || part, '' ORDER BY place), 'UTF8')), 'hex')
    FROM unnest(parts) WITH ORDINALITY AS one (part, place)
$$;

CREATE FUNCTION reporting.utc(at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- Appends one event and what hangs on it. The same id again appends nothing: a record may be delivered twice.
CREATE FUNCTION reporting.append(
    event_id uuid, event_at timestamptz, event_kind text, event_stack text, event_actor text, event_body json,
    OUT number bigint, OUT hash text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last record;
    made json;
    opened json := event_body -> 'incident';
BEGIN
    -- One at a time: each number follows the one before it.
    LOCK TABLE reporting.audit_event IN EXCLUSIVE MODE;
    SELECT event.number, event.hash INTO number, hash FROM reporting.audit_event AS event WHERE event.id = event_id;
    IF FOUND THEN
        RETURN;
    END IF;
    SELECT event.number, event.hash INTO last FROM reporting.audit_event AS event
        ORDER BY event.number DESC LIMIT 1;
    number := coalesce(last.number, 0) + 1;
    hash := reporting.chain_hash(ARRAY[
        number::text, event_id::text, reporting.utc(event_at), event_kind, event_stack, event_actor,
        event_body::text, coalesce(last.hash, '')
    ]);
    INSERT INTO reporting.audit_event (number, id, at, kind, stack, actor, body, previous, hash)
        VALUES (number, event_id, event_at, event_kind, event_stack, event_actor, event_body,
            coalesce(last.hash, ''), hash);
    FOR made IN SELECT json_array_elements(coalesce(event_body -> 'updates', '[]')) LOOP
        INSERT INTO reporting.stack_update (stack, update, message, result, audit_number)
            VALUES (event_stack, made ->> 'update', made ->> 'message', made ->> 'result', number)
            ON CONFLICT DO NOTHING;
    END LOOP;
    IF opened IS NOT NULL THEN
        INSERT INTO reporting.incident (id, stack, cause, title, source, opened_by)
            VALUES (opened ->> 'id', event_stack, opened ->> 'cause', opened ->> 'title', opened ->> 'source', number)
            ON CONFLICT DO NOTHING;
        INSERT INTO reporting.incident_entry (incident, audit_number, at, state, stack, update, body)
            VALUES (opened ->> 'id', number, event_at, opened ->> 'state',
                CASE WHEN opened ->> 'update' IS NOT NULL THEN event_stack END, opened ->> 'update',
                coalesce(opened -> 'body', '{}'));
    END IF;
END $$;

REVOKE ALL ON FUNCTION reporting.append FROM PUBLIC;

-- Roles without login: who writes and who reads is a member. Where the migrator may not make roles they exist already.
DO $$
BEGIN
    IF (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reporting_writer') THEN
            CREATE ROLE reporting_writer NOLOGIN;
        END IF;
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reporting_reader') THEN
            CREATE ROLE reporting_reader NOLOGIN;
        END IF;
    END IF;
END $$;
GRANT USAGE ON SCHEMA reporting TO reporting_writer, reporting_reader;
GRANT EXECUTE ON FUNCTION reporting.append TO reporting_writer;
GRANT SELECT ON reporting.audit_event, reporting.stack_update, reporting.incident, reporting.incident_entry
    TO reporting_writer, reporting_reader;
