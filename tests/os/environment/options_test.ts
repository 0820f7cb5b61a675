import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { CLIENT_VARIABLES } from "../../../src/os/client_variables.ts";
import { fixedVariables, foreignProxy } from "../../../src/os/environment/options.ts";
import { makeHome } from "./shells.ts";

Deno.test("fixedVariables give every variable of the list, in its order", () => {
  using home = makeHome();
  deepEqual([...fixedVariables(home.machine).keys()], CLIENT_VARIABLES);
});

Deno.test("foreignProxy knows the meter, the proxy behind it, and everybody else without the password", () => {
  using home = makeHome();
  const upstreamProxy = { host: "::1", port: 3128 };
  const cases: [Record<string, string>, string | null][] = [
    [{}, null],
    [{ HTTPS_PROXY: "" }, null],
    [{ HTTPS_PROXY: `http://127.0.0.1:${home.port}` }, null],
    [{ https_proxy: "http://[::1]:3128/" }, null],
    [
      { HTTPS_PROXY: `http://127.0.0.1:${home.port}`, all_proxy: "socks5h://u:p@corp.example:1080" },
      "corp.example:1080",
    ],
    [{ HTTPS_PROXY: "corp.example:80" }, "corp.example:80"],
  ];
  for (const [env, wanted] of cases) {
    equal(foreignProxy({ ...home.machine, env: { get: (name) => env[name] } }, { upstreamProxy }), wanted);
  }
});
