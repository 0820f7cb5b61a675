import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { openInBrowser } from "../../src/os/browser.ts";
import type { Runner } from "../../src/os/run.ts";

const URL = "http://127.0.0.1:8765/";

function recording(answer: () => Promise<number>): { readonly calls: string[][]; readonly run: Runner } {
  const calls: string[][] = [];
  return {
    calls,
    async run(command, args) {
      calls.push([command, ...args]);
      return { code: await answer(), stdout: "", stderr: "" };
    },
  };
}

function env(variables: Record<string, string>) {
  return { get: (name: string) => variables[name] };
}

Deno.test("openInBrowser asks the system's own launcher", async () => {
  for (const [platform, command] of [["darwin", "open"], ["linux", "xdg-open"]] as const) {
    const { calls, run } = recording(() => Promise.resolve(0));
    equal(await openInBrowser(URL, platform, env({ WAYLAND_DISPLAY: "wayland-0" }), run), true);
    deepEqual(calls, [[command, URL]]);
  }
});

Deno.test("openInBrowser says when nothing took the address", async () => {
  const missing = recording(() => Promise.reject(new Deno.errors.NotFound()));
  equal(await openInBrowser(URL, "darwin", env({}), missing.run), false);
  equal(await openInBrowser(URL, "linux", env({ DISPLAY: ":0" }), recording(() => Promise.resolve(3)).run), false);
});

Deno.test("openInBrowser starts nothing where there is no graphical session", async () => {
  const { calls, run } = recording(() => Promise.resolve(0));
  equal(await openInBrowser(URL, "linux", env({ DISPLAY: "" }), run), false);
  deepEqual(calls, []);
});

Deno.test("openInBrowser takes a launcher that stays for a browser that runs", async () => {
  const { run } = recording(() => Promise.reject(new Deno.errors.TimedOut()));
  equal(await openInBrowser(URL, "darwin", env({}), run), true);
});
