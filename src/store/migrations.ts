/**
 * The schema's history: numbered SQL texts, run in order, each in one transaction. Append only; a released text is never
 * edited, since databases out there have already run it. Changes are additive, so that an older row still means what it
 * meant. What a column holds, and in which unit, is said in the SQL itself, where `.schema` shows it.
 *
 * Imports: node:sqlite (types), ./transaction.ts.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { inTransaction } from "./transaction.ts";

/** One step of the schema. */
export interface Migration {
  /** 1, 2, 3, … without gaps. */
  readonly id: number;
  readonly name: string;
  readonly sql: string;
}

/** `application_id` of our databases, "HMtr", so that a file's header tells whose `user_version` it holds. */
export const APPLICATION_ID = 0x484d7472;

const FOUNDATION = `
PRAGMA application_id = ${APPLICATION_ID};

CREATE TABLE installation (
  key   TEXT PRIMARY KEY,  -- 'prompt_hash_key' (64 hex digits, made here, never leaves the machine), 'rates_bundle'
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO installation (key, value) VALUES ('prompt_hash_key', lower(hex(randomblob(32))));

CREATE TABLE projects (
  id          INTEGER PRIMARY KEY,
  public_id   TEXT NOT NULL UNIQUE,     -- UUID, the id that the API shows
  slug        TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL,            -- the slug until someone renames the project
  created_at  INTEGER NOT NULL,         -- UTC epoch ms, as every time in this database
  archived_at INTEGER
) STRICT;

CREATE TABLE project_settings (
  project_id INTEGER NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
  key        TEXT NOT NULL,             -- 'body_capture'
  value      TEXT NOT NULL,             -- 'on' | 'off'; no row = the daemon-wide setting holds
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (project_id, key)
) STRICT, WITHOUT ROWID;

-- One row per billable response. NULL means not known, which is never the same as 0.
CREATE TABLE requests (
  seq                   INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of writing, never reused; what a sync position counts
  id                    TEXT NOT NULL UNIQUE,               -- UUID
  project_id            INTEGER NOT NULL REFERENCES projects(id) ON DELETE RESTRICT,
  attribution_layer     TEXT NOT NULL,      -- rule that named the project
  provider              TEXT NOT NULL,      -- anthropic | openai | gemini | xai
  host                  TEXT NOT NULL,
  method                TEXT NOT NULL,
  path                  TEXT NOT NULL,      -- path and query, redacted
  model                 TEXT,               -- model that served; the one asked for when the response named none
  requested_model       TEXT,               -- as the client sent it
  mode                  TEXT NOT NULL,      -- transport: standard | streaming | websocket | batch
  request_kind          TEXT NOT NULL,      -- chat | embedding | image | audio | count_tokens | other
  input_tokens          INTEGER,            -- prompt tokens neither read from nor written to a cache
  output_tokens         INTEGER,            -- all output, thinking included
  thinking_tokens       INTEGER,            -- part of output_tokens
  cache_read_tokens     INTEGER,            -- prompt tokens served from a cache; not in input_tokens
  cache_write_tokens    INTEGER,            -- sum of the two below; not in input_tokens
  cache_write_5m_tokens INTEGER,
  cache_write_1h_tokens INTEGER,
  extra_parts           TEXT,               -- JSON of parts billed beside the response under models of their own
  raw_usage             TEXT,               -- the provider's usage object: numbers and enum words only
  cost_pico             INTEGER,            -- exact cost in pico-dollars (1e-12 USD); 0 = known to be free
  cost_usd_minor_units  INTEGER,            -- cost_pico in millicents (1e-5 USD), rounded half to even; sum cost_pico, not this
  cost_missing          TEXT,               -- why cost_pico is NULL; 'duplicate' when duplicate_of is set
  rate_match            TEXT,               -- exact | alias | pattern | provider_charge
  rates_source          TEXT,               -- bundled-YYYY-MM-DD | override | …; NULL when nothing was priced
  fx_rate               REAL,               -- USD to another currency at cost time; NULL = none was asked for
  billing_basis         TEXT NOT NULL,      -- metered | subscription | credits | unknown; under the middle two cost is list price
  requested_tier        TEXT,
  served_tier           TEXT,
  response_id           TEXT,               -- the provider's id of the response
  duplicate_of          TEXT,               -- requests.id of the row that counts; this one is a repeated fetch, left out of every sum
  client_name           TEXT,
  client_version        TEXT,
  status                TEXT NOT NULL,      -- success | error
  http_status           INTEGER,
  error_class           TEXT,               -- rate_limit | server_error | bad_request | auth | timeout | network | unknown
  provider_error_code   TEXT,
  provider_error_type   TEXT,
  requested_at          INTEGER NOT NULL,   -- request head seen
  ttft_ms               REAL,               -- to the first response body byte
  latency_ms            REAL,               -- to the last response byte
  tokens_complete       INTEGER NOT NULL CHECK (tokens_complete IN (0, 1)),
  usage_unknown         TEXT,               -- why a count that should be there is missing or not final
  usage_inconsistent    INTEGER NOT NULL CHECK (usage_inconsistent IN (0, 1)),
  request_bytes         INTEGER NOT NULL,   -- body as it crossed the wire
  response_bytes        INTEGER NOT NULL,
  prompt_hash           TEXT                -- 64 hex digits, HMAC-SHA-256 of the request body
) STRICT;

-- Newest first and time ranges, for all projects and for one (seq, the rowid, breaks ties and is part of every index).
CREATE INDEX requests_by_time ON requests (requested_at);
CREATE INDEX requests_by_project ON requests (project_id, requested_at);
-- Percentiles: the slowest rows of a project, slowest first, without touching the table.
CREATE INDEX requests_by_latency ON requests (project_id, latency_ms, requested_at)
  WHERE latency_ms IS NOT NULL AND duplicate_of IS NULL;
-- Whether a fetched response was recorded before.
CREATE INDEX requests_by_response ON requests (provider, response_id)
  WHERE response_id IS NOT NULL AND duplicate_of IS NULL;
CREATE INDEX requests_repeated ON requests (requested_at) WHERE duplicate_of IS NOT NULL;

-- Redacted and cut to bodies.max_body_bytes before they get here. The only table with prompt content.
CREATE TABLE request_bodies (
  request_id          TEXT NOT NULL REFERENCES requests(id) ON DELETE CASCADE,
  direction           TEXT NOT NULL CHECK (direction IN ('request', 'response')),
  content_type        TEXT,
  encoding            TEXT NOT NULL,        -- identity | gzip, of body
  body                BLOB NOT NULL,        -- UTF-8 text, encoded
  stored_bytes        INTEGER NOT NULL,     -- length of body
  text_bytes          INTEGER NOT NULL,     -- length of the text, decoded
  original_size_bytes INTEGER NOT NULL,     -- before redaction and cut
  truncated           INTEGER NOT NULL CHECK (truncated IN (0, 1)),
  redactions          TEXT NOT NULL,        -- JSON object: rule name to times fired
  created_at          INTEGER NOT NULL,     -- requested_at of the request
  PRIMARY KEY (request_id, direction)
) STRICT;

CREATE INDEX request_bodies_by_age ON request_bodies (created_at);

-- What requests adds up to, so that a report over a million rows reads a few thousand. Written in the transaction that
-- writes the rows; can be rebuilt from them at any time. Rows with duplicate_of are left out.
CREATE TABLE usage_spans (
  span               INTEGER NOT NULL,      -- 3600000 or 86400000 ms
  starts_at          INTEGER NOT NULL,      -- multiple of span
  project_id         INTEGER NOT NULL REFERENCES projects(id) ON DELETE RESTRICT,
  provider           TEXT NOT NULL,
  model              TEXT NOT NULL,         -- '' = not named
  cost_missing       TEXT NOT NULL,         -- '' = priced
  billing_basis      TEXT NOT NULL,
  requests           INTEGER NOT NULL,
  errors             INTEGER NOT NULL,
  incomplete         INTEGER NOT NULL,      -- tokens_complete = 0
  tokens_unknown     INTEGER NOT NULL,      -- usage_unknown is set
  input_tokens       INTEGER,               -- sums of what was reported; NULL = no row reported any
  output_tokens      INTEGER,
  thinking_tokens    INTEGER,
  cache_read_tokens  INTEGER,
  cache_write_tokens INTEGER,
  cost_pico          INTEGER,               -- NULL exactly when cost_missing is set
  latency_ms         REAL,                  -- sum over latency_count rows
  latency_count      INTEGER NOT NULL,
  last_requested_at  INTEGER NOT NULL,
  PRIMARY KEY (span, starts_at, project_id, provider, model, cost_missing, billing_basis)
) STRICT, WITHOUT ROWID;

-- The same by quarter of an hour, the largest unit that divides the days of every time zone in use.
CREATE TABLE usage_slots (
  project_id INTEGER NOT NULL,              -- 0 = all projects together
  starts_at  INTEGER NOT NULL,              -- multiple of 900000 ms
  provider   TEXT NOT NULL,
  requests   INTEGER NOT NULL,
  unpriced   INTEGER NOT NULL,
  cost_pico  INTEGER,                       -- NULL = no row was priced
  PRIMARY KEY (project_id, starts_at, provider)
) STRICT, WITHOUT ROWID;

CREATE TABLE pricing_rates (
  id               INTEGER PRIMARY KEY,
  provider         TEXT NOT NULL,
  model            TEXT NOT NULL,
  variant          TEXT NOT NULL,           -- standard | batch | flex | priority | fast | …
  prompt_over      INTEGER NOT NULL,        -- holds for prompts of more tokens than this; 0 = every prompt
  input            TEXT,                    -- prices: decimal USD per million tokens; NULL = no price known
  output           TEXT,
  cache_read       TEXT,
  cache_write_5m   TEXT,
  cache_write_1h   TEXT,
  other            TEXT,                    -- JSON object of further prices in units that their names say
  valid_from       INTEGER,                 -- NULL = since ever
  valid_until      INTEGER,                 -- exclusive; NULL = still in force
  source           TEXT NOT NULL            -- bundled-YYYY-MM-DD | override
) STRICT;

CREATE INDEX pricing_rates_by_model ON pricing_rates (provider, model);

CREATE TABLE audit_events (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  occurred_at INTEGER NOT NULL,
  event       TEXT NOT NULL,                -- dotted lower case, e.g. bodies.purged
  details     TEXT NOT NULL                 -- JSON object of numbers, flags and names; never prompt content
) STRICT;

CREATE INDEX audit_events_by_time ON audit_events (occurred_at);

CREATE TABLE policies (
  id         INTEGER PRIMARY KEY,
  public_id  TEXT NOT NULL UNIQUE,
  project_id INTEGER REFERENCES projects(id) ON DELETE CASCADE,  -- NULL = all projects
  kind       TEXT NOT NULL,                 -- e.g. monthly_budget
  settings   TEXT NOT NULL,                 -- JSON object, by kind; money as decimal USD strings
  enabled    INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE policy_events (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  policy_id   INTEGER NOT NULL REFERENCES policies(id) ON DELETE CASCADE,
  occurred_at INTEGER NOT NULL,
  event       TEXT NOT NULL,                -- e.g. budget.crossed; a policy watches and never blocks a call
  details     TEXT NOT NULL
) STRICT;

CREATE INDEX policy_events_by_time ON policy_events (occurred_at);

CREATE TABLE reconciliation_records (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  provider     TEXT NOT NULL,
  period_from  INTEGER NOT NULL,
  period_until INTEGER NOT NULL,            -- exclusive
  logged_pico  INTEGER,                     -- what requests added up to when this was made; NULL = nothing was priced
  billed_pico  INTEGER,                     -- what the provider says it billed; NULL = not known
  source       TEXT NOT NULL,               -- where the billed amount was read
  created_at   INTEGER NOT NULL
) STRICT;
`;

/** What a price depends on beside the counts, so that a row can be explained and priced again. */
const PRICING_FACTS = `
ALTER TABLE requests ADD COLUMN response_usage TEXT;      -- JSON of the response's own counts where the columns add extra_parts
ALTER TABLE requests ADD COLUMN modalities TEXT;          -- JSON of audio, image and video counts; NULL = not told
ALTER TABLE requests ADD COLUMN extra_usage TEXT;         -- JSON of what is billed beside tokens; NULL = nothing
ALTER TABLE requests ADD COLUMN provider_cost_pico INTEGER;  -- the provider's own charge, where it states one
ALTER TABLE requests ADD COLUMN speed TEXT;               -- Anthropic usage.speed
ALTER TABLE requests ADD COLUMN inference_geo TEXT;       -- Anthropic usage.inference_geo
ALTER TABLE requests ADD COLUMN response_complete INTEGER;   -- 0 | 1: the terminal event was seen
ALTER TABLE requests ADD COLUMN billable INTEGER;         -- 0 | 1; NULL = written before these columns, not to be priced again
`;

/** What providers say of subscriptions' allowances. */
const QUOTA = `
CREATE TABLE quota_samples (
  provider     TEXT NOT NULL,
  period       TEXT NOT NULL,               -- the window, by its name or length: 5h | 7d | …
  sampled_at   INTEGER NOT NULL,            -- at most one a minute
  used_percent REAL,                        -- NULL = only the status was told; may pass 100
  resets_at    INTEGER,                     -- when the window begins anew; NULL = not told
  status       TEXT,                        -- the provider's word, e.g. allowed | rejected
  PRIMARY KEY (provider, period, sampled_at)
) STRICT, WITHOUT ROWID;
`;

/** Which part of a quarter's cost is on no bill; and spans of 16 days, so that sums of all time read few rows. */
const WIDER_ROLLUPS = `
ALTER TABLE usage_slots ADD COLUMN not_billed_requests INTEGER NOT NULL DEFAULT 0;  -- under a subscription or credits
ALTER TABLE usage_slots ADD COLUMN not_billed_unpriced INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_slots ADD COLUMN not_billed_pico INTEGER;  -- their part of cost_pico; NULL = none of them was priced

UPDATE usage_slots SET (not_billed_requests, not_billed_unpriced, not_billed_pico) = (
  SELECT count(*), coalesce(sum(cost_pico IS NULL), 0), sum(cost_pico) FROM requests
  WHERE requested_at >= usage_slots.starts_at AND requested_at < usage_slots.starts_at + 900000
    AND requests.provider = usage_slots.provider AND duplicate_of IS NULL
    AND billing_basis IN ('subscription', 'credits')
    AND (usage_slots.project_id = 0 OR requests.project_id = usage_slots.project_id)
);

-- usage_spans.span is 3600000, 86400000 or, from here on, 1382400000.
DELETE FROM usage_spans WHERE span = 1382400000;
INSERT INTO usage_spans (span, starts_at, project_id, provider, model, cost_missing, billing_basis, requests, errors,
  incomplete, tokens_unknown, input_tokens, output_tokens, thinking_tokens, cache_read_tokens, cache_write_tokens,
  cost_pico, latency_ms, latency_count, last_requested_at)
SELECT 1382400000, starts_at / 1382400000 * 1382400000, project_id, provider, model, cost_missing, billing_basis,
  sum(requests), sum(errors), sum(incomplete), sum(tokens_unknown), sum(input_tokens), sum(output_tokens),
  sum(thinking_tokens), sum(cache_read_tokens), sum(cache_write_tokens), sum(cost_pico), sum(latency_ms),
  sum(latency_count), max(last_requested_at)
FROM usage_spans WHERE span = 86400000 GROUP BY 2, 3, 4, 5, 6, 7;
`;

/**
 * What `requests` adds up to by client, for everyone and for each project, so that reports by client and by day read hours
 * and not calls. Made from all rows here, kept up by rollups.ts.
 */
const USAGE_BY_CLIENT = `
CREATE TABLE usage_clients (
  span               INTEGER NOT NULL,      -- 3600000 or 86400000 ms
  project_id         INTEGER NOT NULL,      -- 0 = all projects together
  starts_at          INTEGER NOT NULL,      -- multiple of span
  client             TEXT NOT NULL,         -- '' = not known
  not_billed         INTEGER NOT NULL CHECK (not_billed IN (0, 1)),  -- under a subscription or credits
  requests           INTEGER NOT NULL,
  errors             INTEGER NOT NULL,
  incomplete         INTEGER NOT NULL,      -- tokens_complete = 0
  tokens_unknown     INTEGER NOT NULL,      -- usage_unknown is set
  input_tokens       INTEGER,               -- sums of what was reported; NULL = no row reported any
  output_tokens      INTEGER,
  thinking_tokens    INTEGER,
  cache_read_tokens  INTEGER,
  cache_write_tokens INTEGER,
  cost_pico          INTEGER,               -- NULL = no row was priced
  latency_ms         REAL,                  -- sum over latency_count rows
  latency_count      INTEGER NOT NULL,
  last_requested_at  INTEGER NOT NULL,
  unpriced           INTEGER NOT NULL,      -- cost_pico is NULL
  PRIMARY KEY (span, project_id, starts_at, client, not_billed)
) STRICT, WITHOUT ROWID;

INSERT INTO usage_clients
SELECT 3600000, project_id, requested_at / 3600000 * 3600000, coalesce(client_name, ''),
  billing_basis IN ('subscription', 'credits'), count(*), sum(status <> 'success'), sum(tokens_complete = 0),
  sum(usage_unknown IS NOT NULL), sum(iif(request_kind <> 'count_tokens', input_tokens, NULL)),
  sum(iif(request_kind <> 'count_tokens', output_tokens, NULL)),
  sum(iif(request_kind <> 'count_tokens', thinking_tokens, NULL)),
  sum(iif(request_kind <> 'count_tokens', cache_read_tokens, NULL)),
  sum(iif(request_kind <> 'count_tokens', cache_write_tokens, NULL)),
  sum(cost_pico), sum(latency_ms), count(latency_ms), max(requested_at), sum(cost_pico IS NULL)
FROM requests WHERE duplicate_of IS NULL GROUP BY 2, 3, 4, 5;

INSERT INTO usage_clients
SELECT 3600000, 0, starts_at, client, not_billed, sum(requests), sum(errors), sum(incomplete), sum(tokens_unknown),
  sum(input_tokens), sum(output_tokens), sum(thinking_tokens), sum(cache_read_tokens), sum(cache_write_tokens),
  sum(cost_pico), sum(latency_ms), sum(latency_count), max(last_requested_at), sum(unpriced)
FROM usage_clients GROUP BY 3, 4, 5;

INSERT INTO usage_clients
SELECT 86400000, project_id, starts_at / 86400000 * 86400000, client, not_billed, sum(requests), sum(errors),
  sum(incomplete), sum(tokens_unknown), sum(input_tokens), sum(output_tokens), sum(thinking_tokens),
  sum(cache_read_tokens), sum(cache_write_tokens), sum(cost_pico), sum(latency_ms), sum(latency_count),
  max(last_requested_at), sum(unpriced)
FROM usage_clients GROUP BY 2, 3, 4, 5;
`;

/**
 * Sync with a team server: how far it has got, and which rows changed since they were sent. `revision` is kept by a trigger,
 * so that no writer of `requests`, in whichever process, can change a row and have the server keep the old one.
 */
const CLOUD = `
ALTER TABLE requests ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;  -- 1 as recorded, one more with each later change
ALTER TABLE requests ADD COLUMN source_workdir TEXT;  -- working directory of the process that called; NULL = not known

-- At most one row. Rows with seq <= from_seq, or requested before floor_at, are from before the pairing.
CREATE TABLE cloud_pairing (
  one               INTEGER PRIMARY KEY CHECK (one = 1),
  machine_id        TEXT NOT NULL,
  workspace_id      TEXT NOT NULL,
  base_url          TEXT NOT NULL,
  paired_at         INTEGER NOT NULL,
  disconnected_at   INTEGER,                -- NULL = paired
  from_seq          INTEGER NOT NULL,
  floor_at          INTEGER NOT NULL,
  position          INTEGER NOT NULL,       -- requests.seq up to which rows are with the server, or parked
  backfill_to       INTEGER NOT NULL,       -- the same for rows from before the pairing that were asked for
  backfill_position INTEGER NOT NULL,
  body_sync         INTEGER NOT NULL CHECK (body_sync IN (0, 1)),  -- cloud.body_sync as last seen
  body_position     INTEGER NOT NULL,       -- requests.seq up to which bodies are settled
  paused_reason     TEXT,                   -- paused_manual | paused_unauthorised | paused_forbidden
  last_sync_at      INTEGER,
  last_error        TEXT,
  last_error_at     INTEGER,
  failures          INTEGER NOT NULL,       -- since the last good answer
  next_try_at       INTEGER,
  lease_holder      TEXT,                   -- the pass at work; NULL = none
  leased_at         INTEGER
) STRICT;

CREATE TABLE cloud_changes (
  seq INTEGER PRIMARY KEY                   -- requests.seq of a row that changed after it was sent
) STRICT;

CREATE TABLE cloud_parked (
  seq       INTEGER NOT NULL,               -- requests.seq
  part      TEXT NOT NULL CHECK (part IN ('row', 'request', 'response')),
  code      TEXT NOT NULL,                  -- why the server refuses it
  parked_at INTEGER NOT NULL,
  PRIMARY KEY (seq, part)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER requests_revised AFTER UPDATE OF project_id, model, requested_model, input_tokens, output_tokens,
  thinking_tokens, cache_read_tokens, cache_write_tokens, cache_write_5m_tokens, cache_write_1h_tokens, extra_parts,
  response_usage, modalities, extra_usage, provider_cost_pico, response_complete, billable, cost_pico, cost_missing,
  rates_source, billing_basis, requested_tier, served_tier, speed, inference_geo, duplicate_of, status, http_status,
  error_class, provider_error_code, tokens_complete, usage_unknown ON requests
BEGIN
  UPDATE requests SET revision = revision + 1 WHERE seq = new.seq;
  INSERT INTO cloud_changes (seq) SELECT new.seq FROM cloud_pairing
    WHERE disconnected_at IS NULL AND new.seq <= iif(
      new.seq > from_seq AND new.requested_at >= floor_at, position, backfill_position
    ) ON CONFLICT DO NOTHING;
END;
`;

/** The quarters of all projects together, by the hour, so that a year's days read few rows. Kept up by rollups.ts. */
const USAGE_BY_HOUR = `
CREATE TABLE usage_hours (
  starts_at           INTEGER NOT NULL,     -- multiple of 3600000 ms
  provider            TEXT NOT NULL,
  requests            INTEGER NOT NULL,
  unpriced            INTEGER NOT NULL,
  cost_pico           INTEGER,              -- NULL = no row was priced
  not_billed_requests INTEGER NOT NULL,     -- under a subscription or credits
  not_billed_unpriced INTEGER NOT NULL,
  not_billed_pico     INTEGER,              -- their part of cost_pico; NULL = none of them was priced
  PRIMARY KEY (starts_at, provider)
) STRICT, WITHOUT ROWID;

INSERT INTO usage_hours
SELECT starts_at / 3600000 * 3600000, provider, sum(requests), sum(unpriced), sum(cost_pico), sum(not_billed_requests),
  sum(not_billed_unpriced), sum(not_billed_pico)
FROM usage_slots WHERE project_id = 0 GROUP BY 1, 2;
`;

/** Every step, in order. */
export const MIGRATIONS: readonly Migration[] = [
  { id: 1, name: "foundation", sql: FOUNDATION },
  { id: 2, name: "pricing facts", sql: PRICING_FACTS },
  { id: 3, name: "quota", sql: QUOTA },
  { id: 4, name: "wider roll-ups", sql: WIDER_ROLLUPS },
  { id: 5, name: "usage by client", sql: USAGE_BY_CLIENT },
  { id: 6, name: "cloud", sql: CLOUD },
  { id: 7, name: "usage by hour", sql: USAGE_BY_HOUR },
];

/** Highest migration this program knows. */
export const NEWEST_MIGRATION: number = MIGRATIONS.at(-1)?.id ?? 0;

/** Highest migration a database has run; 0 for an empty one, `null` when it holds tables but was not made by this program. */
export function appliedMigration(db: DatabaseSync): number | null {
  const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all().map((row) => row["name"]);
  if (!names.includes("_migrations")) return names.length === 0 ? 0 : null;
  const id = db.prepare("SELECT coalesce(max(id), 0) AS id FROM _migrations").get()?.["id"];
  return typeof id === "number" ? id : null;
}

/**
 * Brings a database up to date. Each step and its row in `_migrations` are one transaction; the write lock is taken
 * before the look, so two processes that start at once do not run a step twice.
 *
 * `user_version` repeats the id, since it can be read from the file's header without opening the database.
 *
 * @param now UTC epoch ms, for `applied_at`.
 */
export function migrate(db: DatabaseSync, now: number, steps: readonly Migration[] = MIGRATIONS): void {
  for (const step of steps) {
    inTransaction(db, () => {
      if ((appliedMigration(db) ?? 0) < step.id) {
        db.exec(
          "CREATE TABLE IF NOT EXISTS _migrations" +
            " (id INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT",
        );
        db.exec(step.sql);
        db.prepare("INSERT INTO _migrations (id, name, applied_at) VALUES (?, ?, ?)").run(step.id, step.name, now);
        db.exec(`PRAGMA user_version = ${step.id}`);
      }
    });
  }
}
