import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { piecesOf, visible } from "../../../src/api/pages/marked.tsx";

Deno.test("piecesOf() finds redactions, and takes nothing else for one", () => {
  deepEqual(piecesOf("a [REDACTED:email] b"), [
    { kind: "text", text: "a " },
    { kind: "redacted", rule: "email" },
    { kind: "text", text: " b" },
  ]);
  for (const text of ["[REDACTED:]", "[REDACTED:<b>]", "[redacted:email]", "[REDACTED:Email]"]) {
    deepEqual(piecesOf(text), [{ kind: "text", text }]);
  }
  deepEqual(piecesOf(""), []);
});

Deno.test("piecesOf() shows what hides or reorders text by its code", () => {
  const hidden = "\u0000\u0007\u001b\u007f\u0085\u061c\u200b\u200e\u202e\u2066\ufeff\u2028\u{e0041}";
  const codes = piecesOf(hidden).map((piece) => piece.kind === "hidden" ? piece.code : piece.kind);
  deepEqual(codes, [
    "U+0000",
    "U+0007",
    "U+001B",
    "U+007F",
    "U+0085",
    "U+061C",
    "U+200B",
    "U+200E",
    "U+202E",
    "U+2066",
    "U+FEFF",
    "U+2028",
    "U+E0041",
  ]);
});

Deno.test("piecesOf() leaves ordinary text of every script whole", () => {
  for (const text of ["tab\there\nline", "مرحبا", "नमस्ते", "👩\u200d💻", "e\u0301", "漢字"]) {
    deepEqual(piecesOf(text), [{ kind: "text", text }]);
  }
  deepEqual(piecesOf("a\r\nb\rc").map(({ kind }) => kind), ["text", "hidden", "text"]);
});

Deno.test("visible() keeps a name on one line of harmless characters", () => {
  equal(visible("a\u202eb"), "a⟨U+202E⟩b");
  equal(visible("plain"), "plain");
});
