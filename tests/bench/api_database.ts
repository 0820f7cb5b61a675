/**
 * A database with many calls, made by SQL in one go: half a year, a few dozen projects, four providers, and some of everything
 * that makes a row odd.
 *
 * @module
 */

import { type Database, openForWriting } from "../../src/store/database.ts";
import { rebuildRollups } from "../../src/store/rollups.ts";

const DAY = 86_400_000;

/** How far back the calls go. */
export const SPREAD_DAYS = 180;

const PROJECTS = 30;

/** Makes the file and leaves it open. `now`: UTC epoch ms; the calls end there. */
export function makeDatabase(path: string, rows: number, now: number): Database {
  const db = openForWriting(path, { now });
  db.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000");
  db.exec("BEGIN");
  for (let i = 1; i <= PROJECTS; i++) {
    db.prepare("INSERT INTO projects (public_id, slug, name, created_at) VALUES (?, ?, ?, ?)")
      .run(crypto.randomUUID(), `project-${i}`, `Project ${i}`, now - SPREAD_DAYS * DAY);
  }
  const step = SPREAD_DAYS * DAY / rows;
  db.prepare(`
    WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < :rows - 1),
    chosen AS (SELECT n, abs(n * 2654435761 % 4294967296) AS h FROM numbers)
    INSERT INTO requests (id, project_id, attribution_layer, provider, host, method, path, model, requested_model, mode,
      request_kind, input_tokens, output_tokens, thinking_tokens, cache_read_tokens, cache_write_tokens,
      cache_write_5m_tokens, cache_write_1h_tokens, cost_pico, cost_usd_minor_units, cost_missing, rate_match,
      rates_source, billing_basis, response_id, duplicate_of, client_name, client_version, status, http_status,
      error_class, requested_at, ttft_ms, latency_ms, tokens_complete, usage_unknown, usage_inconsistent, request_bytes,
      response_bytes, prompt_hash, response_complete, billable)
    SELECT printf('0190%04x-%04x-7%03x-8000-%012x', h % 65536, n % 65536, h % 4096, n),
      1 + (h / 7) % ${PROJECTS} * ((h / 11) % 3 + 1) % ${PROJECTS}, 'git',
      iif(h % 10 < 6, 'anthropic', iif(h % 10 < 8, 'openai', iif(h % 10 = 8, 'gemini', 'xai'))),
      'api.example.com', 'POST', '/v1/messages', iif(h % 500 = 0, NULL, 'model-' || (h % 10) || '-' || (h / 13 % 2)),
      'model', 'streaming', 'chat', iif(h % 97 = 0, NULL, h % 5000), iif(h % 97 = 0, NULL, h % 900), NULL, h % 20000, 0, 0,
      0, iif(h % 53 = 0, NULL, h % 90000000000), iif(h % 53 = 0, NULL, h % 90000000000 / 10000000),
      iif(h % 53 = 0, 'unknown_model', NULL), 'exact', 'bundled-2026-05-01',
      iif(h % 10 < 3, 'subscription', 'metered'), 'r' || n, NULL, 'claude-cli', '2.0', iif(h % 41 = 0, 'error', 'success'),
      iif(h % 41 = 0, 529, 200), iif(h % 41 = 0, 'server_error', NULL), CAST(:first + n * :step AS INTEGER), 120.0,
      200.0 + h % 9000, iif(h % 89 = 0, 0, 1), iif(h % 97 = 0, 'cut', NULL), 0, 4000, 9000, printf('%064x', h), 1, 1
    FROM chosen`).run({ rows, first: now - SPREAD_DAYS * DAY, step });
  db.exec("COMMIT");
  rebuildRollups(db);
  db.exec("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192; PRAGMA optimize");
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  return db;
}
