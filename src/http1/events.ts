/**
 * What the HTTP/1.1 reader reports about one connection. Types only; imports nothing.
 *
 * @module
 */

/** Field lines in the order and case in which they came: name, value, name, value, … */
export type FieldLines = readonly string[];

/** A request head. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly fields: FieldLines;
}

/** A final response head (not 1xx, except 101). */
export interface ResponseHead {
  readonly status: number;
  readonly fields: FieldLines;
}

/**
 * Receives the messages of one connection. `exchange` numbers the requests of the connection from 0; a response carries
 * the number of its request. Byte arrays are views that are valid only during the call: copy what must stay.
 */
export interface ConnectionSink {
  requestHead(exchange: number, head: RequestHead): void;
  /** Transfer coding removed, content coding kept. */
  requestBody(exchange: number, bytes: Uint8Array): void;
  /** `whole` is false when the connection ended first. */
  requestEnd(exchange: number, whole: boolean): void;
  responseHead(exchange: number, head: ResponseHead): void;
  responseBody(exchange: number, bytes: Uint8Array): void;
  responseEnd(exchange: number, whole: boolean): void;
  /** After `101 Switching Protocols`: every later byte of either side comes here, unparsed. */
  upgraded(exchange: number, from: "client" | "server", bytes: Uint8Array): void;
  /** Both sides of an upgraded connection have ended. */
  upgradeEnd(exchange: number): void;
  /** The copy cannot be followed any more. Last call; exchanges that were open get no end. */
  opaque(reason: string): void;
}
