/**
 * Turns a request in absolute form into what the origin server expects (RFC 9112 section 3.2).
 *
 * The connection then belongs to that server: `Connection: close` keeps a second request, perhaps for another server, from
 * following on it. Imports: http1/connect_head.ts (types).
 *
 * @module
 */

import type { AbsoluteHead } from "../http1/connect_head.ts";

/** Fields that are meant for the proxy (RFC 9110 sections 7.6.1 and 11.7). */
const FOR_THE_PROXY = ["proxy-connection", "proxy-authorization", "connection", "keep-alive"];

/** The head to send, fields in their order and case. */
export function originForm(head: AbsoluteHead): Uint8Array {
  let text = `${head.method} ${head.target} ${head.version}\r\n`;
  for (let i = 0; i + 1 < head.fields.length; i += 2) {
    const name = head.fields[i] ?? "";
    if (!FOR_THE_PROXY.includes(name.toLowerCase())) text += `${name}: ${head.fields[i + 1]}\r\n`;
  }
  text += "Connection: close\r\n\r\n";
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
