/**
 * Source files without a test file of their own name, each with the reason or with the test that holds it to its word.
 *
 * @module
 */

/** Nothing that could fail: types, or data that other tests read. */
const NOTHING_TO_TEST = [
  "domain/errors.ts",
  "domain/exchange.ts",
  "domain/quota.ts",
  "http1/events.ts",
  "os/machine.ts",
  "os/place.ts",
  "providers/adapter.ts",
  "redact/rule.ts",
  "roles/messages.ts",
  "cli/version.ts", // The structure test compares it with deno.json.
];

/** Entries of workers: they run only as workers, which the journeys start. */
const WORKER_ENTRIES = [
  "roles/api_worker.ts",
  "roles/edge_worker.ts",
  "roles/interceptor_worker.ts",
  "roles/minter_worker.ts",
  "roles/recorder_worker.ts",
];

/** File → test that covers it, where several small files make one thing. */
const COVERED_BY: Readonly<Record<string, string>> = {
  "api/guard.ts": "api/app_test.ts",
  "api/problem.ts": "api/app_test.ts",
  "http1/pending.ts": "http1/connection_test.ts",
  "providers/anthropic_surfaces.ts": "providers/surfaces_test.ts",
  "providers/anthropic_usage.ts": "providers/anthropic_test.ts",
  "providers/error_body.ts": "providers/errors_test.ts",
  "providers/gemini_batches.ts": "providers/gemini_test.ts",
  "providers/gemini_surfaces.ts": "providers/surfaces_test.ts",
  "providers/gemini_usage.ts": "providers/gemini_test.ts",
  "providers/growing_bytes.ts": "providers/json_body_test.ts",
  "providers/json.ts": "providers/vectors_test.ts",
  "providers/json_members.ts": "providers/json_body_test.ts",
  "providers/openai_endpoints.ts": "providers/openai_test.ts",
  "providers/openai_surfaces.ts": "providers/surfaces_test.ts",
  "providers/openai_usage.ts": "providers/openai_test.ts",
  "providers/plain_formats.ts": "providers/token_counts_test.ts",
  "providers/provider_cost.ts": "providers/xai_test.ts",
  "providers/reading.ts": "providers/vectors_test.ts",
  "providers/request_body.ts": "providers/http_reader_test.ts",
  "providers/response_object.ts": "providers/openai_responses_test.ts",
  "providers/socket_surface.ts": "providers/surfaces_test.ts",
  "providers/surface.ts": "providers/surfaces_test.ts",
  "redact/rules_assignments.ts": "redact/rules_test.ts",
  "redact/rules_clouds.ts": "redact/rules_test.ts",
  "redact/rules_connections.ts": "redact/rules_test.ts",
  "redact/rules_credentials.ts": "redact/rules_test.ts",
  "redact/rules_model_providers.ts": "redact/rules_test.ts",
  "redact/rules_personal.ts": "redact/rules_test.ts",
  "redact/rules_platforms.ts": "redact/rules_test.ts",
  "redact/rules_services.ts": "redact/rules_test.ts",
  "roles/api.ts": "api/app_test.ts",
  "roles/interceptor_connection.ts": "roles/interceptor_test.ts",
  "roles/tls_listener.ts": "roles/interceptor_test.ts",
  "roles/tls_listener_deno.ts": "roles/tls_listener_node_test.ts",
  "roles/worker_faults.ts": "roles/worker_handle_test.ts",
  "roles/recorded_exchange.ts": "roles/recorder_test.ts",
  "roles/socket_turns.ts": "roles/recorded_socket_test.ts",
  "roles/stand_in.ts": "e2e/demo_test.ts",
  "roles/daemon_status.ts": "e2e/failover_test.ts",
  "roles/edge_process.ts": "e2e/failover_test.ts",
  "roles/supervisor.ts": "e2e/failover_test.ts",
  "store/exchange_insert.ts": "store/writer_test.ts",
  "store/project_rows.ts": "store/queries_test.ts",
};

/** Commands are tested as a user meets them: through the program itself. */
export const COMMANDS_TESTED_IN = [
  "cli/report_test.ts",
  "cli/bodies_test.ts",
  "cli/project_test.ts",
  "cli/logs_test.ts",
  "cli/pricing_test.ts",
  "e2e/demo_test.ts",
  "e2e/clients_test.ts",
];

/** Whether `file`, as below `src/`, needs no test file of its own name. */
export function needsNoTest(file: string): boolean {
  return file.startsWith("cli/") || NOTHING_TO_TEST.includes(file) || WORKER_ENTRIES.includes(file) ||
    Object.hasOwn(COVERED_BY, file);
}

/** Files that the lists name, and tests that they rely on. */
export function listed(): { readonly files: readonly string[]; readonly tests: readonly string[] } {
  const files = [...NOTHING_TO_TEST, ...WORKER_ENTRIES, ...Object.keys(COVERED_BY)];
  return { files, tests: [...new Set(Object.values(COVERED_BY)), ...COMMANDS_TESTED_IN] };
}
