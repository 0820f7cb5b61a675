import { ok, strictEqual as equal } from "node:assert/strict";
import { parse } from "smol-toml";
import { locateKeys } from "../../src/os/toml_lines.ts";

const SOURCE = `# line 1
top = "x"   # [not.a.table]
text = """
[inside]
enabled = 1 "" ""\\"" # still one value
"""
raw = '''
key = ''x''
'''

[daemon] # line 11
edge_port = 1
"quoted.key" . 'single' = 2
 dotted . name.deep = { a = 1, "b" = [ { c = 1 } ] }

[[pricing.overrides]] # line 16
input = 1
[pricing.overrides.extra] # line 18
x = 1

[[pricing.overrides]] # line 21
input = 2
when = 2026-01-01T00:00:00Z

[cors]
allow_origins = [ # line 26
  "a", # , ]
  # "b"
  "c", [1,
  2],
]
[cloud.upload.per_project."a/b"]
preset = "full"
`;

Deno.test("locateKeys knows the line of every key", () => {
  const lineOf = locateKeys(SOURCE);
  const expected: [(string | number)[], number][] = [
    [["top"], 2],
    [["text"], 3],
    [["raw"], 7],
    [["daemon"], 11],
    [["daemon", "edge_port"], 12],
    [["daemon", "quoted.key", "single"], 13],
    [["daemon", "dotted", "name", "deep", "a"], 14],
    [["daemon", "dotted", "name", "deep", "b", 0, "c"], 14],
    [["pricing"], 16],
    [["pricing", "overrides", 0], 16],
    [["pricing", "overrides", 0, "input"], 17],
    [["pricing", "overrides", 0, "extra"], 18],
    [["pricing", "overrides", 0, "extra", "x"], 19],
    [["pricing", "overrides", 1], 21],
    [["pricing", "overrides", 1, "input"], 22],
    [["pricing", "overrides", 1, "when"], 23],
    [["cors", "allow_origins"], 26],
    [["cors", "allow_origins", 0], 27],
    [["cors", "allow_origins", 1], 29],
    [["cors", "allow_origins", 2, 1], 30],
    [["cloud", "upload", "per_project", "a/b", "preset"], 33],
  ];
  for (const [path, line] of expected) equal(lineOf(path), line, JSON.stringify(path));
});

Deno.test("locateKeys falls back on what is around a missing key", () => {
  const lineOf = locateKeys(SOURCE);
  equal(lineOf(["pricing", "overrides", 1, "output"]), 21);
  equal(lineOf(["cors", "missing"]), 25);
  equal(lineOf(["nowhere", "x"]), 1);
});

Deno.test("locateKeys finds every value that the parser finds", () => {
  const lineOf = locateKeys(SOURCE);
  const lines = SOURCE.split("\n");
  const visit = (value: unknown, path: (string | number)[]): void => {
    const last = path.at(-1);
    if (typeof last === "string" && last !== "per_project") {
      ok(lines[lineOf(path) - 1]?.includes(last), JSON.stringify(path));
    }
    if (typeof value !== "object" || value === null || value instanceof Date) return;
    for (const [key, part] of Object.entries(value)) visit(part, [...path, Array.isArray(value) ? Number(key) : key]);
  };
  visit(parse(SOURCE), []);
});

Deno.test("locateKeys counts lines that end in CRLF", () => {
  equal(locateKeys("a = 1\r\n\r\n[t]\r\nb = [\r\n1]\r\nc = 2\r\n")(["t", "c"]), 6);
});

Deno.test("locateKeys ends on texts that are no TOML", () => {
  for (let length = 0; length < SOURCE.length; length++) {
    locateKeys(SOURCE.slice(0, length))(["x"]);
    locateKeys(SOURCE.slice(length))(["x"]);
  }
  for (const text of ["]]]", "=", "a = {{{{", "a = [[[[", '"', "'''", "a.b.", "\0", "[", "[["]) locateKeys(text)(["x"]);
});
