/**
 * Turns a request in absolute form into what the origin server expects (RFC 9112 section 3.2).
 *
 * The connection then belongs to that server: `Connection: close` keeps a second request, perhaps for another server, from
 * following on it. Imports: http1/connect_head.ts (types), roles/dial.ts.
 *
 * @module
 */

import type { AbsoluteHead } from "../http1/connect_head.ts";
import { shown } from "./dial.ts";

/** Fields that are meant for the proxy (RFC 9110 sections 7.6.1 and 11.7). */
const FOR_THE_PROXY = ["proxy-connection", "proxy-authorization", "connection", "keep-alive"];

/** Fields that say where the message ends or goes; a `Connection` that names them is wrong and not obeyed. */
const FOR_EVERYBODY = ["host", "content-length", "transfer-encoding"];

/** The head to send, fields in their order and case; `Host` is that of the target, whatever was sent (section 3.2.2). */
export function originForm(head: AbsoluteHead): Uint8Array {
  const dropped = [...FOR_THE_PROXY, ...namedByConnection(head.fields)];
  const host = `Host: ${head.port === 80 ? shown(head).replace(/:80$/, "") : shown(head)}\r\n`;
  let fields = "";
  let named = false;
  for (let i = 0; i + 1 < head.fields.length; i += 2) {
    const name = head.fields[i] ?? "";
    const lower = name.toLowerCase();
    if (lower === "host") {
      if (!named) fields += host;
      named = true;
    } else if (!dropped.includes(lower)) fields += `${name}: ${head.fields[i + 1]}\r\n`;
  }
  const text = `${head.method} ${head.target} ${head.version}\r\n${
    named ? "" : host
  }${fields}Connection: close\r\n\r\n`;
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Lower-case names of fields that end at the next hop (RFC 9110 section 7.6.1). */
function namedByConnection(fields: AbsoluteHead["fields"]): string[] {
  const names: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    if (fields[i]?.toLowerCase() !== "connection") continue;
    names.push(...(fields[i + 1] ?? "").toLowerCase().split(",").map((name) => name.trim()));
  }
  return names.filter((name) => !FOR_EVERYBODY.includes(name));
}
