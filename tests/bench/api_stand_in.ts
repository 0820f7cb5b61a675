/**
 * A server that answers as much as the API does, from memory: what asking costs without the API. A child of the bench.
 *
 * @module
 */

import { serveOrders } from "./part.ts";

/** Characters of the answer by path and query. */
type Lengths = Readonly<Record<string, number>>;

await serveOrders((lengths: Lengths) => {
  const answers = new Map(Object.entries(lengths).map(([path, length]) => [path, "x".repeat(length)]));
  const { addr } = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    const { pathname, search } = new URL(url);
    return new Response(answers.get(pathname + search) ?? null);
  });
  return Promise.resolve({ port: addr.port });
});
