import { deepStrictEqual as deepEqual, notStrictEqual as notEqual, rejects } from "node:assert/strict";
import { scramVerifier } from "../../src/team/scram.ts";

Deno.test("scramVerifier() holds the key with which RFC 7677's example is signed", async () => {
  const salt = bytes("W22ZaJ0SNY7soEsUEjb6gQ==");
  const [, iterations, told, serverKey] =
    /^SCRAM-SHA-256\$(\d+):([^$]+)\$[^:]+:(.+)$/.exec(await scramVerifier("pencil", salt)) ?? [];
  deepEqual([iterations, told], ["4096", "W22ZaJ0SNY7soEsUEjb6gQ=="]);
  // RFC 7677 section 3: the three messages, and the server's signature over them.
  const nonce = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const messages = `n=user,r=rOprNGfwEbeRWgbNEkqO,${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,${nonce}`;
  const key = await crypto.subtle.importKey("raw", bytes(serverKey ?? ""), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(messages));
  deepEqual(new Uint8Array(signature), bytes("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
});

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

Deno.test("scramVerifier() salts, and refuses what SASLprep would change", async () => {
  notEqual(await scramVerifier("pencil"), await scramVerifier("pencil"));
  await rejects(scramVerifier("crayon-ß"), /plain ASCII/);
});
