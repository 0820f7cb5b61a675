import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal, throws } from "node:assert/strict";
import { VERSION } from "../src/cli/version.ts";
import { importsOf, tokensOf } from "./module_tokens.ts";
import { importViolations, type Source, unpinned, useViolations } from "./structure_rules.ts";
import { listed, needsNoTest } from "./structure_untested.ts";

const ROOT = new URL("../", import.meta.url).pathname;

/** Files below `folder`, paths from the root of the project. */
function filesIn(folder: string): string[] {
  const found: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(`${ROOT}${folder}`)) {
    if (isDirectory && name !== "node_modules") found.push(...filesIn(`${folder}/${name}`));
    else if (!isDirectory) found.push(`${folder}/${name}`);
  }
  return found.toSorted();
}

function read(path: string): string {
  return Deno.readTextFileSync(`${ROOT}${path}`);
}

const CODE = filesIn("src").filter((path) => /\.tsx?$/.test(path) && !path.endsWith(".d.ts"));
const SOURCES: readonly Source[] = ["main.ts", ...CODE].map((path) => ({ path, text: read(path) }));
const CONFIG = JSON.parse(read("deno.json"));

Deno.test("every file imports only what its row allows", () => {
  ok(SOURCES.length > 100, "the files were found");
  deepEqual(SOURCES.flatMap(importViolations), []);
});

Deno.test("every file uses only what its folder has the exclusive right to", () => {
  deepEqual(SOURCES.flatMap(useViolations), []);
});

/** Whether a rule sees that `text` may not stand in `path`. */
function refused(path: string, text: string): boolean {
  return [...importViolations({ path, text }), ...useViolations({ path, text })].length > 0;
}

Deno.test("importViolations sees every way to import what a row does not allow", () => {
  const forms = (specifier: string) => [
    `import { a } from "${specifier}";`,
    `import type { A } from '${specifier}';`,
    `import a, {\n  b, // from "elsewhere"\n  type C,\n} from "${specifier}";`,
    `import * as a from "${specifier}";`,
    `import "${specifier}";`,
    `import a from "${specifier}" with { type: "json" };`,
    `export { a } from "${specifier}";`,
    `export type { A } from "${specifier}";`,
    `export * from "${specifier}";`,
    `export * as a from "${specifier}";`,
    `const a = await import("${specifier}");`,
    `const a = await import("${specifier}", { with: { type: "json" } });`,
    `type A = typeof import("${specifier}");`,
    `const text = \`\${(await import("${specifier}")).a}\`;`,
    `const odd = /["'\`]/; import("${specifier}");`,
  ];
  const cases: [string, string][] = [
    ["src/domain/x.ts", "../log.ts"],
    ["src/domain/x.ts", "npm-package"],
    ["src/domain/x.ts", "node:buffer"],
    ["src/http1/x.ts", "../domain/hosts.ts"],
    ["src/websocket/x.ts", "../http1/head.ts"],
    ["src/providers/x.ts", "../http1/head.ts"],
    ["src/providers/x.ts", "../meter/cost.ts"],
    ["src/redact/x.ts", "../providers/json.ts"],
    ["src/meter/x.ts", "../store/rates.ts"],
    ["src/ca/x.ts", "../os/ca_files.ts"],
    ["src/store/x.ts", "../meter/cost.ts"],
    ["src/os/x.ts", "../log.ts"],
    ["src/api/x.ts", "../roles/ids.ts"],
    ["src/api/pages/x.tsx", "../../os/run.ts"],
    ["src/roles/x.ts", "../cli/app.ts"],
    ["src/roles/x.ts", "../team/main.ts"],
    ["src/cli/x.ts", "../http1/head.ts"],
    ["src/cli/x.ts", "../redact/redact.ts"],
    ["src/log.ts", "./domain/errors.ts"],
    ["main.ts", "./src/roles/supervisor.ts"],
    ["src/new_folder/x.ts", "./y.ts"],
    ["src/roles/x.ts", "../../tests/roles/tools.ts"],
    ["src/roles/x.ts", "https://example.com/x.ts"],
    ["src/roles/x.ts", "npm:left-pad"],
    ["src/roles/x.ts", "node:sqlite"],
    ["src/os/x.ts", "node:child_process"],
    ["src/roles/x.ts", "node:http"],
    ["src/roles/x.ts", "ws"],
    ["src/roles/x.ts", "hono"],
    ["src/cli/x.ts", "hono/jsx"],
    ["src/roles/x.ts", "@peculiar/x509"],
  ];
  for (const [path, specifier] of cases) {
    for (const form of forms(specifier)) equal(refused(path, form), true, `${path}: ${form}`);
  }
  equal(refused("src/roles/x.ts", "await import(name);"), true);
  equal(refused("src/roles/x.ts", 'await import("./a" + name);'), true);
});

Deno.test("importViolations lets through what rows allow, and what only looks like an import", () => {
  const allowed: [string, string][] = [
    ["src/domain/x.ts", 'import { a } from "./y.ts";'],
    ["src/providers/x.ts", 'import { SseReader } from "../http1/sse.ts";'],
    ["src/store/x.ts", 'import { DatabaseSync } from "node:sqlite";'],
    ["src/websocket/x.ts", 'import { Receiver } from "ws";'],
    ["src/api/pages/x.tsx", 'import { html } from "hono/html"; import { a } from "../app.ts";'],
    ["src/roles/x.ts", 'import { a } from "../log.ts"; export { b } from "./y.ts";'],
    ["main.ts", 'import { a } from "./src/cli/app.ts";'],
    ["src/domain/x.ts", '// import "../log.ts";\n/* import("node:net") */'],
    ["src/domain/x.ts", 'const a = \'import "../log.ts"\'; const b = `import("ws")`;'],
    ["src/domain/x.ts", 'const a = /import "x"/; export { a };'],
    ["src/domain/x.ts", "const url = import.meta.url; export const from = 1; export default url;"],
    ["src/domain/x.ts", 'export const a = { import: "../log.ts" }; loader.import("../log.ts");'],
    ["src/domain/x.ts", 'export { a }; const b = "from"; const c = a / b / 2; export type { D };'],
  ];
  for (const [path, text] of allowed) deepEqual(importViolations({ path, text }), [], text);
});

Deno.test("useViolations sees every use of what another folder has the right to", () => {
  const cases: [string, string][] = [
    ["src/roles/x.ts", 'new Deno.Command("x")'],
    ["src/roles/x.ts", "Deno\n  .Command"],
    ["src/roles/x.ts", "globalThis.Deno.Command"],
    ["src/roles/x.ts", 'Deno["Command"]'],
    ["src/roles/x.ts", "const { Command } = Deno;"],
    ["src/roles/x.ts", "`${Deno.env.get('X')}`"],
    ["src/store/x.ts", "Deno.env.toObject()"],
    ["src/os/x.ts", 'new Worker("x")'],
    ["src/cli/x.ts", "Deno.exit(1)"],
    ["src/cli/x.ts", "Deno.connect({ port: 1 })"],
    ["src/roles/x.ts", 'Deno.dlopen("x", {})'],
    ["src/roles/x.ts", "Deno.resolveDns(name)"],
    ["src/roles/x.ts", "await fetch(url)"],
    ["src/cli/x.ts", "new WebSocket(url)"],
    ["src/roles/x.ts", "eval(text)"],
    ["src/roles/x.ts", 'globalThis["fetch"]'],
    ...["domain", "http1", "websocket", "providers", "redact", "meter", "ca"].map((folder): [string, string] => {
      return [`src/${folder}/x.ts`, "Deno.readTextFileSync(path)"];
    }),
  ];
  for (const [path, text] of cases) equal(refused(path, text), true, `${path}: ${text}`);
});

Deno.test("useViolations lets through what folders have the right to, and what is no use at all", () => {
  const allowed: [string, string][] = [
    ["src/os/x.ts", 'new Deno.Command("x"); Deno.env.get("HOME")'],
    ["src/roles/x.ts", 'new Worker(url); Deno.listen({ port: 0 }); Deno.readTextFileSync("x")'],
    ["main.ts", "Deno.exit(0)"],
    ["src/domain/x.ts", '/** Deno.env */ const a = "Deno.exit"; // fetch(x)'],
    ["src/api/x.ts", "app.fetch(request)"],
    ["src/domain/x.ts", "const a = { process: 1 }; a.process;"],
    ["src/os/x.ts", "function ownerOf(process: ProcessFacts): void {}"],
  ];
  for (const [path, text] of allowed) deepEqual(useViolations({ path, text }), [], text);
});

Deno.test("tokensOf takes nothing inside comments, strings, templates and patterns for code", () => {
  const source = 'a("b\\"c", \'d\') /* e */ + `f ${g({ h: `i ${j}` })} k` / l; m = /n["]o/g; // p\nq';
  const names = tokensOf(source).filter(({ kind }) => kind === "name").map(({ text }) => text);
  deepEqual(names, ["a", "g", "h", "j", "l", "m", "g", "q"]);
});

Deno.test("importsOf finds the imports of a real file", () => {
  const found = importsOf(read("src/roles/recorder.ts")).map(({ specifier }) => specifier);
  ok(found.includes("../store/writer.ts") && found.includes("./messages.ts"));
  equal(found.length, read("src/roles/recorder.ts").match(/^(?:import|\} from) .*from|^\} from/gm)?.length);
});

Deno.test("every source file has its test, or stands in the list of those that need none", () => {
  const tests = new Set(filesIn("tests").map((path) => path.slice("tests/".length)));
  const inner = CODE.map((path) => path.slice("src/".length));
  const untested = inner.filter((file) => !tests.has(file.replace(/\.tsx?$/, "_test.ts")) && !needsNoTest(file));
  deepEqual(untested, []);
});

Deno.test("the list of files that need no test names files and tests that exist, and none that has a test", () => {
  const tests = new Set(filesIn("tests").map((path) => path.slice("tests/".length)));
  const inner = new Set(CODE.map((path) => path.slice("src/".length)));
  const { files, tests: reliedOn } = listed();
  deepEqual(files.filter((file) => !inner.has(file)), []);
  deepEqual(files.filter((file) => tests.has(file.replace(/\.tsx?$/, "_test.ts"))), []);
  deepEqual(reliedOn.filter((test) => !tests.has(test)), []);
  equal(needsNoTest("roles/outbox.ts"), false);
});

Deno.test("the version of deno.json is that of the program", () => {
  equal(CONFIG.version, VERSION);
  match(VERSION, /^\d+\.\d+\.\d+$/);
});

Deno.test("every import of deno.json is pinned to one version of a package of npm", () => {
  ok(Object.keys(CONFIG.imports).length > 5);
  deepEqual(unpinned(CONFIG.imports), []);
  const loose = {
    a: "npm:a@^1.0.0",
    b: "npm:b",
    c: "npm:c@1",
    d: "npm:d@1.2.x",
    e: "jsr:@std/e@1.0.0",
    f: "https://example.com/f.ts",
    g: "npm:g@*",
    h: "npm:@scope/h@1.2.3",
    i: "npm:/i@1.2.3/",
  };
  deepEqual(unpinned(loose), ["a", "b", "c", "d", "e", "f", "g"]);
});

Deno.test("no permission beyond the program's own is ever asked for, and workers are always restricted", () => {
  // "net" is for one socket option, by which an edge takes the port over from another without a gap.
  deepEqual(CONFIG.unstable, ["worker-options", "net", "no-legacy-abort"]);
  for (const [name, task] of Object.entries(CONFIG.tasks)) {
    const { command } = task as { readonly command: string };
    equal(/--allow-(?:all|ffi)|(?:^|\s)-A(?:\s|$)/.test(command), false, name);
  }
  const starts = SOURCES.filter(({ text }) => /\bnew Worker\(/.test(text));
  deepEqual(starts.map(({ path }) => path), ["src/roles/worker_handle.ts"]);
  match(starts[0]?.text ?? "", /deno: \{ permissions: spec\.permissions \}/);
});

/** Files that travel with the project, without what only tests need to carry as it came. */
function shipped(): string[] {
  const tops = [...Deno.readDirSync(ROOT)].filter(({ isFile }) => isFile).map(({ name }) => name);
  const folders = ["src", "tests", "scripts", "launchd", "docs"].filter((folder) => {
    return [...Deno.readDirSync(ROOT)].some(({ name, isDirectory }) => isDirectory && name === folder);
  });
  return [...tops, ...folders.flatMap(filesIn)].filter((path) =>
    /\.(?:tsx?|md|json|sh|toml|plist|lock|js|py)$/.test(path)
  );
}

Deno.test("nothing names the machine or the folder that it was written in", () => {
  const here = ROOT.replace(/\/$/, "");
  const pattern = /(?<![\w.])\/(?:root|(?:home|Users)\/(?!(?:ada|example|me|user|you)\b)\w+)\/[.\w]/;
  const own = ["tests/structure_test.ts"];
  const named = shipped().filter((path) => !own.includes(path)).flatMap((path) => {
    const text = read(path);
    return text.includes(`${here}/`) || pattern.test(text) ? [path] : [];
  });
  deepEqual(named, []);
  ok(pattern.test("see /root/.cache/x") && pattern.test('"/home/jane/x"') && !pattern.test("/Users/ada/work"));
});

Deno.test("no test compares loosely, as the runtime's named equal and deepEqual of node:assert/strict do", () => {
  const loose = /(?<!as )\b(?:equal|deepEqual|notEqual|notDeepEqual)\b(?! as)/;
  const found = filesIn("tests").filter((path) => /\.tsx?$/.test(path)).filter((path) => {
    const imports = read(path).matchAll(/import \{([^}]*)\} from "node:assert[^"]*"/g);
    return [...imports].some(([, names = ""]) => loose.test(names));
  });
  deepEqual(found, []);
  throws(() => equal<unknown>(1, "1"));
  throws(() => deepEqual<unknown>([null], [undefined]));
});
