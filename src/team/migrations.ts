/**
 * The schema's history: numbered SQL texts, each run in one transaction by the owner of the tables. Append only.
 *
 * The server itself connects as a role that owns nothing (see migrate.ts) and is bound by the policies below: a row is
 * visible inside a transaction that named its workspace, or that showed the hash of the secret which the row holds. So a
 * query without a WHERE clause sees one workspace, and a transaction that named none sees nothing.
 *
 * Imports nothing.
 *
 * @module
 */

/** One step of the schema. */
export interface Migration {
  /** 1, 2, 3, … without gaps. */
  readonly id: number;
  readonly sql: string;
}

/** The role whose rights the server has. It cannot log in; the login that `DATABASE_URL` names is a member of it. */
export const APP_ROLE = "halton_meter_app";

/** Rows older than this are refused, so that a wrong clock makes no partitions without end. Months before the current one. */
export const OLDEST_MONTHS = 60;

/** The workspace that the transaction named. A sub-select, so that it is looked up once per statement and not per row. */
const HERE = "(SELECT nullif(current_setting('app.workspace', true), '')::uuid)";
/** The hash that the transaction showed. */
const SHOWN = "(SELECT decode(nullif(current_setting('app.secret', true), ''), 'hex'))";

function confined(table: string, column = "workspace_id"): string {
  return `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
CREATE POLICY confined ON ${table} USING (${column} = ${HERE}) WITH CHECK (${column} = ${HERE});
`;
}

function shownBy(table: string, column: string): string {
  return `CREATE POLICY shown ON ${table} FOR SELECT USING (${column} = ${SHOWN});\n`;
}

const FOUNDATION = `
CREATE TABLE workspaces (
  id                   uuid PRIMARY KEY,
  slug                 text NOT NULL UNIQUE,
  name                 text NOT NULL,
  store_prompt_content boolean NOT NULL DEFAULT false,  -- bodies are kept only where someone turned this on
  retention_days       integer NOT NULL DEFAULT 365 CHECK (retention_days BETWEEN 7 AND 1825),
  body_retention_days  integer NOT NULL DEFAULT 90 CHECK (body_retention_days BETWEEN 1 AND 1825),
  audit_retention_days integer NOT NULL DEFAULT 365 CHECK (audit_retention_days BETWEEN 30 AND 1825),
  created_at           timestamptz NOT NULL DEFAULT now(),
  swept_at             timestamptz NOT NULL DEFAULT now()
);
${confined("workspaces", "id")}
-- For the functions below, which run as the owner.
CREATE POLICY upkeep ON workspaces TO CURRENT_ROLE USING (true) WITH CHECK (true);

CREATE TABLE members (
  workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  id           uuid NOT NULL,
  name         text NOT NULL,
  login_key    bytea NOT NULL UNIQUE,      -- SHA-256 of workspace and name, by which sign-in finds the row
  role         text NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
  passphrase   text NOT NULL,              -- scrypt, with salt and cost
  created_at   timestamptz NOT NULL DEFAULT now(),
  removed_at   timestamptz,
  PRIMARY KEY (workspace_id, id)
);
${confined("members")}${shownBy("members", "login_key")}

CREATE TABLE invites (
  workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  id           uuid NOT NULL,
  secret_hash  bytea NOT NULL UNIQUE,
  role         text NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
  member_id    uuid,                       -- set: lets this member choose a new passphrase
  created_by   uuid,                       -- NULL = the operator, on the command line
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz NOT NULL,
  used_at      timestamptz,
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, member_id) REFERENCES members ON DELETE CASCADE
);
${confined("invites")}${shownBy("invites", "secret_hash")}

CREATE TABLE sessions (
  workspace_id uuid NOT NULL,
  secret_hash  bytea PRIMARY KEY,
  member_id    uuid NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  seen_at      timestamptz NOT NULL DEFAULT now(),
  FOREIGN KEY (workspace_id, member_id) REFERENCES members ON DELETE CASCADE
);
CREATE INDEX sessions_by_member ON sessions (workspace_id, member_id);
${confined("sessions")}${shownBy("sessions", "secret_hash")}

CREATE TABLE devices (
  workspace_id uuid NOT NULL,
  id           uuid NOT NULL,
  member_id    uuid NOT NULL,
  machine_id   uuid NOT NULL,              -- as the machine says
  hostname     text,
  version      text,
  created_at   timestamptz NOT NULL DEFAULT now(),
  seen_at      timestamptz,
  removed_at   timestamptz,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, member_id, machine_id),
  FOREIGN KEY (workspace_id, member_id) REFERENCES members ON DELETE CASCADE
);
${confined("devices")}

CREATE TABLE tokens (
  workspace_id uuid NOT NULL,
  id           uuid NOT NULL,
  secret_hash  bytea NOT NULL UNIQUE,
  scope        text NOT NULL CHECK (scope IN ('sync', 'admin')),
  member_id    uuid NOT NULL,
  device_id    uuid,                       -- NULL = not bound to a machine (scope admin)
  created_at   timestamptz NOT NULL DEFAULT now(),
  revoked_at   timestamptz,
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, member_id) REFERENCES members ON DELETE CASCADE,
  FOREIGN KEY (workspace_id, device_id) REFERENCES devices ON DELETE CASCADE
);
CREATE INDEX tokens_by_device ON tokens (workspace_id, device_id);
${confined("tokens")}${shownBy("tokens", "secret_hash")}

-- A machine that waits for somebody to approve it. Belongs to no workspace until then, and is visible to who knows the code.
CREATE TABLE pairings (
  code_hash    bytea PRIMARY KEY,
  poll_hash    bytea NOT NULL,
  machine_id   uuid NOT NULL,
  hostname     text,
  version      text NOT NULL,
  state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'denied', 'used')),
  workspace_id uuid REFERENCES workspaces ON DELETE CASCADE,
  member_id    uuid,
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz NOT NULL
);
ALTER TABLE pairings ENABLE ROW LEVEL SECURITY;
ALTER TABLE pairings FORCE ROW LEVEL SECURITY;
CREATE POLICY shown ON pairings USING (code_hash = ${SHOWN}) WITH CHECK (code_hash = ${SHOWN});
CREATE POLICY upkeep ON pairings TO CURRENT_ROLE USING (true) WITH CHECK (true);

-- Attempts in the current window, by purpose and hashed address. Holds nothing of any workspace.
CREATE UNLOGGED TABLE rate_limits (
  key          text PRIMARY KEY,
  window_start bigint NOT NULL,            -- epoch seconds
  attempts     integer NOT NULL
);

-- One row per request that was ever taken: makes (workspace, request_id) unique over all partitions of requests.
CREATE TABLE request_keys (
  workspace_id uuid NOT NULL,
  request_id   uuid NOT NULL,
  device_id    uuid NOT NULL,
  occurred_at  timestamptz NOT NULL,       -- names the partition
  revision     integer NOT NULL,
  PRIMARY KEY (workspace_id, request_id)
);
CREATE INDEX request_keys_by_age ON request_keys (workspace_id, occurred_at);
${confined("request_keys")}

-- NULL means not known, which is never the same as 0. There is no default partition: a month is made before its first row.
CREATE TABLE requests (
  workspace_id          uuid NOT NULL,
  request_id            uuid NOT NULL,
  occurred_at           timestamptz NOT NULL,
  revision              integer NOT NULL,
  device_id             uuid NOT NULL,
  member_id             uuid NOT NULL,
  provider              text NOT NULL,
  host                  text NOT NULL,
  method                text NOT NULL,
  path                  text NOT NULL,
  requested_model       text,
  model                 text,
  mode                  text NOT NULL,
  request_kind          text NOT NULL,
  status                text NOT NULL,
  status_code           integer,
  error_class           text,
  provider_error_code   text,
  prompt_tokens         bigint,            -- neither read from nor written to a cache
  completion_tokens     bigint,
  thinking_tokens       bigint,            -- part of completion_tokens
  cache_read_tokens     bigint,
  cache_write_tokens    bigint,
  cache_write_5m_tokens bigint,
  cache_write_1h_tokens bigint,
  tokens_complete       boolean NOT NULL,
  usage_unknown         text,
  cost_inputs           jsonb NOT NULL,    -- numbers and words that the price depends on beside the counts
  cost_pico             bigint,            -- by this server's rates; pico-dollars
  cost_missing          text,              -- why cost_pico is NULL
  rates_source          text,
  reported_cost_pico    bigint,            -- by the machine's rates
  reported_cost_missing text,
  reported_rates_source text,
  billing_basis         text NOT NULL,
  latency_ms            double precision,
  ttft_ms               double precision,
  project               text,
  client_name           text,
  duplicate_of          uuid,              -- a repeated fetch, left out of every sum
  hostname              text,
  prompt_hash           text,
  source_workdir        text,
  received_at           timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, occurred_at, request_id)
) PARTITION BY RANGE (occurred_at);
${confined("requests")}

-- What requests add up to, so that a page over a million rows reads a few thousand. Changed in the statement that writes the
-- rows; rows with duplicate_of are left out. Sums are of what was reported; the counts beside them tell 0 from not known.
CREATE TABLE usage_days (
  workspace_id         uuid NOT NULL,
  day                  date NOT NULL,        -- UTC
  device_id            uuid NOT NULL,
  member_id            uuid NOT NULL,
  provider             text NOT NULL,
  model                text NOT NULL,        -- '' = not named
  project              text NOT NULL,        -- '' = none
  requests             bigint NOT NULL,
  errors               bigint NOT NULL,
  priced               bigint NOT NULL,
  cost_pico            numeric NOT NULL,
  reported_cost_pico   numeric NOT NULL,
  prompt_known         bigint NOT NULL,
  prompt_tokens        numeric NOT NULL,
  completion_known     bigint NOT NULL,
  completion_tokens    numeric NOT NULL,
  cache_read_known     bigint NOT NULL,
  cache_read_tokens    numeric NOT NULL,
  cache_write_known    bigint NOT NULL,
  cache_write_tokens   numeric NOT NULL,
  PRIMARY KEY (workspace_id, day, device_id, provider, model, project)
);
${confined("usage_days")}

CREATE TABLE request_bodies (
  workspace_id           uuid NOT NULL,
  request_id             uuid NOT NULL,
  occurred_at            timestamptz NOT NULL,  -- of the request
  request_text           bytea,                 -- UTF-8; bytea since a text column cannot hold U+0000
  request_content_type   text,
  request_original_size  bigint,
  request_rules          jsonb,
  response_text          bytea,
  response_content_type  text,
  response_original_size bigint,
  response_rules         jsonb,
  redaction_applied      boolean NOT NULL,
  updated_at             timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, request_id),
  FOREIGN KEY (workspace_id, request_id) REFERENCES request_keys ON DELETE CASCADE
);
CREATE INDEX request_bodies_by_age ON request_bodies (workspace_id, occurred_at);
${confined("request_bodies")}

CREATE TABLE audit_events (
  workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  id           uuid NOT NULL,
  occurred_at  timestamptz NOT NULL DEFAULT now(),
  member_id    uuid,                       -- NULL = the operator, on the command line, or the server itself
  event        text NOT NULL,              -- dotted lower case, e.g. body.viewed
  details      jsonb NOT NULL,             -- ids, numbers, flags and names; never content
  PRIMARY KEY (workspace_id, id)
);
CREATE INDEX audit_events_by_time ON audit_events (workspace_id, occurred_at);
ALTER TABLE audit_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_events FORCE ROW LEVEL SECURITY;
CREATE POLICY reading ON audit_events FOR SELECT USING (workspace_id = ${HERE});
CREATE POLICY writing ON audit_events FOR INSERT WITH CHECK (workspace_id = ${HERE});
-- What happened in the last 30 days cannot be taken back by the server either.
CREATE POLICY expiring ON audit_events FOR DELETE
  USING (workspace_id = ${HERE} AND occurred_at < now() - interval '30 days');

CREATE FUNCTION ensure_request_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET TimeZone = 'UTC' AS $body$
DECLARE
  first date := date_trunc('month', month::timestamp)::date;
  this  date := date_trunc('month', now()::timestamp)::date;
  part  text := 'requests_' || to_char(first, 'YYYY_MM');
BEGIN
  IF first < this - interval '${OLDEST_MONTHS + 1} months' OR first > this + interval '6 months' THEN
    RAISE EXCEPTION 'This month is out of range' USING ERRCODE = '22008';
  END IF;
  IF EXISTS (SELECT FROM pg_class WHERE relname = part AND relnamespace = 'public'::regnamespace) THEN
    RETURN false;
  END IF;
  PERFORM pg_advisory_xact_lock(7100415);
  -- Read from the table itself: a name looked up above may be remembered as absent.
  IF EXISTS (SELECT FROM pg_class WHERE relname = part AND relnamespace = 'public'::regnamespace) THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE public.%I PARTITION OF public.requests FOR VALUES FROM (%L) TO (%L)',
    part, first::timestamptz, (first + interval '1 month')::timestamptz);
  RETURN true;
END
$body$;

-- The workspace that has waited longest for its daily sweep, taken for the caller; NULL when none is due.
CREATE FUNCTION claim_sweep() RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
  UPDATE workspaces SET swept_at = now() WHERE id = (
    SELECT id FROM workspaces WHERE swept_at < now() - interval '20 hours'
    ORDER BY swept_at LIMIT 1 FOR UPDATE SKIP LOCKED
  ) RETURNING id
$body$;

-- For the operator's command line, which is told a workspace by its short name.
CREATE FUNCTION workspace_by_slug(wanted text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
  SELECT id FROM workspaces WHERE slug = wanted
$body$;

-- Codes that nobody can use any more.
CREATE FUNCTION drop_expired_pairings() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
  DELETE FROM pairings WHERE expires_at < now() - interval '1 hour'
$body$;
`;

/**
 * A month is made apart and then attached, which goes on beside readers and writers. Made in its place it would wait for every
 * reader, a backup's for an hour, and everybody else behind it.
 */
const ATTACHED_MONTHS = `
CREATE OR REPLACE FUNCTION ensure_request_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET TimeZone = 'UTC' AS $body$
DECLARE
  first date := date_trunc('month', month::timestamp)::date;
  this  date := date_trunc('month', now()::timestamp)::date;
  part  text := 'requests_' || to_char(first, 'YYYY_MM');
BEGIN
  IF first < this - interval '${OLDEST_MONTHS + 1} months' OR first > this + interval '6 months' THEN
    RAISE EXCEPTION 'This month is out of range' USING ERRCODE = '22008';
  END IF;
  IF EXISTS (SELECT FROM pg_class WHERE relname = part AND relnamespace = 'public'::regnamespace) THEN
    RETURN false;
  END IF;
  PERFORM pg_advisory_xact_lock(7100415);
  -- Read from the table itself: a name looked up above may be remembered as absent.
  IF EXISTS (SELECT FROM pg_class WHERE relname = part AND relnamespace = 'public'::regnamespace) THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE public.%I (LIKE public.requests INCLUDING ALL)', part);
  EXECUTE format('ALTER TABLE public.requests ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
    part, first::timestamptz, (first + interval '1 month')::timestamptz);
  RETURN true;
END
$body$;
`;

/** In order. */
export const MIGRATIONS: readonly Migration[] = [{ id: 1, sql: FOUNDATION }, { id: 2, sql: ATTACHED_MONTHS }];

/** What the server may do. Run after every migration; naming each right, so that a new table is closed until it is listed. */
export const GRANTS = `
GRANT USAGE ON SCHEMA public TO ${APP_ROLE};
GRANT SELECT ON team_schema TO ${APP_ROLE};
GRANT SELECT, INSERT, UPDATE ON workspaces, members, invites, devices, tokens, pairings TO ${APP_ROLE};
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions, rate_limits, request_keys, requests, request_bodies, usage_days
  TO ${APP_ROLE};
GRANT SELECT, INSERT, DELETE ON audit_events TO ${APP_ROLE};
REVOKE ALL ON FUNCTION ensure_request_partition(date), claim_sweep(), workspace_by_slug(text), drop_expired_pairings()
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_request_partition(date), claim_sweep(), workspace_by_slug(text), drop_expired_pairings()
  TO ${APP_ROLE};
`;
