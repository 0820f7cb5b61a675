/**
 * The API's side of its bench: the role as it runs in the daemon, without a supervisor. A child of the bench.
 *
 * @module
 */

import { defaultConfig } from "../../src/domain/config.ts";
import { startApi } from "../../src/roles/api.ts";
import { serveOrders } from "./part.ts";

await serveOrders(({ database }: { readonly database: string }) => {
  const api = startApi({
    database,
    ports: [0],
    config: defaultConfig(),
    version: "bench",
    ask: (id) => api.answer({ kind: "refused", id, code: "failed", message: "", hint: null }),
  });
  return Promise.resolve({ port: api.port });
});
