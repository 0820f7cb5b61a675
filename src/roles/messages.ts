/**
 * Every message between roles. A role is asked nothing that is not listed here; an unknown kind is fatal to the receiver.
 *
 * Imports: domain, http1/events.ts (types), log.ts (types), os (types), roles/destinations.ts (types).
 *
 * @module
 */

import type { Config } from "../domain/config.ts";
import type { Attribution } from "../domain/exchange.ts";
import type { InterceptedHost } from "../domain/hosts.ts";
import type { UpstreamSettings } from "../domain/upstream.ts";
import type { FieldLines } from "../http1/events.ts";
import type { LogEvent } from "../log.ts";
import type { Credentials } from "../os/cloud_credentials.ts";
import type { ApiAnswer, ApiAsk } from "./api_messages.ts";
import type { DestinationLog } from "./destinations.ts";

/** A leaf certificate (followed by its CA) and its key, PEM. */
export interface Leaf {
  readonly certPem: string;
  readonly keyPem: string;
}

/** Leaves by host. */
export type Leaves = Readonly<Record<InterceptedHost, Leaf>>;

/** Named counters; every swallowed error has one. */
export type Counters = Readonly<Record<string, number>>;

/** Who owns the calls of a connection, and what the folder they come from says of their bodies. */
export interface Owner extends Attribution {
  /** `body_capture` of the nearest `.haltonrc` that has it; null or absent when none does. */
  readonly bodyCapture?: boolean | null;
  /** Working directory of the process that called; only where the user shares it. */
  readonly workdir?: string;
  /** Nobody was found who called, so that the default project stands in. */
  readonly unknown?: true;
}

/** Loopback ports of the interceptor. */
export interface InterceptorPorts {
  readonly hosts: Readonly<Record<InterceptedHost, number>>;
  /** Answers each connection with `token` and closes it. */
  readonly health: number;
  /** Takes calls of the meter to itself. */
  readonly selfTest: number;
  /** Random per start: tells this interceptor from whatever else may later hold one of its ports. */
  readonly token: string;
}

/** Where the provider of a self-test is, on 127.0.0.1, and the root that its certificate must have. */
export interface SelfTestStandIn {
  readonly port: number;
  readonly caCertPem: string;
}

/** Supervisor to the minter. */
export type ToMinter =
  | { readonly kind: "mint.authority"; readonly now: number }
  | { readonly kind: "mint.leaves"; readonly caPem: string; readonly now: number };

/** Minter to the supervisor. */
export type FromMinter =
  | { readonly kind: "minted.authority"; readonly authority: { readonly certPem: string; readonly keyPem: string } }
  | { readonly kind: "minted.leaves"; readonly issued: IssuedLeaves }
  | { readonly kind: "mint.failed"; readonly code: string; readonly message: string; readonly hint: string | null };

/** Leaves and when they must be replaced. */
export interface IssuedLeaves {
  readonly leaves: Leaves;
  /** UTC epoch ms. */
  readonly notAfter: number;
  /** Whether the root itself limits which hosts its key can sign for. */
  readonly constrained: boolean;
}

/** Supervisor to any worker. */
export type ToWorker =
  | ToInterceptor
  | ToRecorder
  | ToEdge
  | ToApi
  | ToSync;

export type ToInterceptor =
  | {
    readonly kind: "interceptor.start";
    readonly leaves: Leaves;
    readonly upstream: UpstreamSettings;
    readonly recorder: MessagePort;
  }
  | { readonly kind: "interceptor.leaves"; readonly leaves: Leaves }
  | { readonly kind: "interceptor.recorder"; readonly recorder: MessagePort }
  /** A stand-in provider listens; null when it does no more. */
  | { readonly kind: "interceptor.selfTest"; readonly standIn: SelfTestStandIn | null }
  | DestinationsQuestion
  | { readonly kind: "drain" }
  | { readonly kind: "stats"; readonly id: number };

/** Where the role has connected to; asked of those roles only whose row has a network beyond loopback. */
export interface DestinationsQuestion {
  readonly kind: "destinations";
  readonly id: number;
}

export type ToRecorder =
  | {
    readonly kind: "recorder.start";
    readonly database: string;
    /** Path of config.toml, looked at before a body is kept. */
    readonly configFile: string;
    readonly config: Config;
    readonly interceptor: MessagePort;
  }
  | { readonly kind: "recorder.interceptor"; readonly interceptor: MessagePort }
  | { readonly kind: "recorder.api"; readonly api: MessagePort }
  | { readonly kind: "recorder.sync"; readonly sync: MessagePort }
  | { readonly kind: "recorder.config"; readonly config: Config }
  | { readonly kind: "recorder.owner"; readonly peerPort: number; readonly owner: Owner }
  | {
    readonly kind: "recorder.audit";
    readonly event: string;
    readonly details: Readonly<Record<string, string | number | boolean | null>>;
  }
  | { readonly kind: "drain" }
  | { readonly kind: "stats"; readonly id: number };

/** What an edge is started with. */
export interface EdgeStart {
  /** 0 = any free port. */
  readonly port: number;
  /** Ports to try when `port` is held by another program. */
  readonly fallbackPorts: readonly number[];
  readonly portsFile: string;
  readonly controlSocket: string;
  readonly upstream: UpstreamSettings;
  readonly pid: number;
  readonly version: string;
  /** Tells edges of this data folder from those of another one, or of another user. */
  readonly installation: string;
  /** A live edge that holds the port is to be succeeded, not adopted; a worker says `edge.waiting` and waits for `edge.bind`. */
  readonly takeOver: boolean;
}

export type ToEdge =
  | { readonly kind: "edge.start" } & EdgeStart
  | { readonly kind: "edge.bind"; readonly answer: LetGo }
  /** Serve whoever waits and let nobody else in, but keep the port until `edge.release`. */
  | { readonly kind: "edge.hold" }
  /** Stop accepting; connections that are open go on. */
  | { readonly kind: "edge.release" }
  | DestinationsQuestion
  | { readonly kind: "drain" }
  | { readonly kind: "stats"; readonly id: number };

export type ToApi =
  | {
    readonly kind: "api.start";
    readonly database: string;
    readonly ports: readonly number[];
    readonly config: Config;
    readonly version: string;
    readonly recorder: MessagePort;
  }
  | { readonly kind: "api.config"; readonly config: Config }
  | { readonly kind: "api.recorder"; readonly recorder: MessagePort }
  | { readonly kind: "api.answer"; readonly answer: ApiAnswer }
  | { readonly kind: "drain" }
  | { readonly kind: "stats"; readonly id: number };

export type ToSync =
  | {
    readonly kind: "sync.start";
    readonly database: string;
    readonly cloud: Config["cloud"];
    readonly credentials: Credentials;
    readonly upstream: UpstreamSettings;
    readonly version: string;
    readonly recorder: MessagePort;
  }
  | { readonly kind: "sync.recorder"; readonly recorder: MessagePort }
  | DestinationsQuestion
  | { readonly kind: "drain" }
  | { readonly kind: "stats"; readonly id: number };

/** Any worker to the supervisor. */
export type FromWorker =
  | { readonly kind: "interceptor.ready"; readonly ports: InterceptorPorts }
  | { readonly kind: "recorder.ready" }
  | { readonly kind: "edge.ready"; readonly outcome: EdgeOutcome }
  /** Process `pid` holds the port. */
  | { readonly kind: "edge.waiting"; readonly pid: number }
  /** `held`: the port is kept, with nobody waiting; else it was closed. */
  | { readonly kind: "edge.held"; readonly held: boolean }
  | { readonly kind: "api.ready"; readonly port: number }
  | { readonly kind: "api.ask"; readonly id: number; readonly ask: ApiAsk }
  /** There is nothing to do until somebody changes something; `reason` is a sentence's end of this program. */
  | { readonly kind: "sync.idle"; readonly reason: string }
  | { readonly kind: "failed"; readonly code: string; readonly message: string; readonly hint: string | null }
  | { readonly kind: "stats"; readonly id: number; readonly counters: Counters; readonly notes?: readonly string[] }
  | { readonly kind: "destinations"; readonly id: number; readonly log: DestinationLog | null }
  | { readonly kind: "log"; readonly event: LogEvent }
  | { readonly kind: "logs"; readonly events: readonly LogEvent[] }
  | { readonly kind: "drained" }
  /** Last message of a worker with an error that nobody caught; `reason` is the error's class. */
  | { readonly kind: "crashed"; readonly reason: string };

/** What the holder of a port did: it lets nobody in and can be bound beside; it has closed it; it goes on. */
export type LetGo = "held" | "closed" | "refused";

/** Who serves the proxy port after an edge was asked to start. */
export type EdgeOutcome =
  | { readonly kind: "listening"; readonly port: number; readonly foreign: number | null }
  /** A live edge of ours holds the port; `pid` is its process. */
  | { readonly kind: "adopted"; readonly port: number; readonly pid: number; readonly foreign: number | null };

/** One observation of the interceptor, in order per connection. Times: UTC epoch ms with fraction. */
export type CopyRecord =
  | {
    readonly t: "open";
    readonly c: number;
    readonly host: InterceptedHost;
    readonly peerPort: number;
    /** A call of the meter to itself: everything is done with it but storing it as spend. */
    readonly selfTest?: boolean;
  }
  | {
    readonly t: "request";
    readonly c: number;
    readonly x: number;
    readonly method: string;
    readonly target: string;
    readonly fields: FieldLines;
    readonly at: number;
  }
  | {
    readonly t: "response";
    readonly c: number;
    readonly x: number;
    readonly status: number;
    readonly fields: FieldLines;
    readonly at: number;
  }
  /** Body or frame bytes: `length` bytes at `start` of the batch's slab. */
  | {
    readonly t: "bytes";
    readonly c: number;
    readonly x: number;
    readonly part: CopyPart;
    readonly start: number;
    readonly length: number;
    readonly at: number;
  }
  /** `lost` bytes were not copied, to bound memory. */
  | { readonly t: "gap"; readonly c: number; readonly x: number; readonly part: CopyPart; readonly lost: number }
  | {
    readonly t: "end";
    readonly c: number;
    readonly x: number;
    readonly part: CopyPart;
    readonly whole: boolean;
    /** Who left first; absent while both were there. */
    readonly by?: ConnectionSide;
    readonly at: number;
  }
  /** The provider could not be reached; the client got an error of ours. */
  | {
    readonly t: "unreachable";
    readonly c: number;
    readonly x: number;
    readonly timeout: boolean;
    readonly at: number;
  }
  | { readonly t: "opaque"; readonly c: number; readonly reason: string }
  | { readonly t: "close"; readonly c: number };

/** An end of an intercepted connection. */
export type ConnectionSide = "client" | "provider";

/** Which stream of an exchange. The last two are the raw bytes after `101 Switching Protocols`. */
export type CopyPart = "request" | "response" | "client" | "server";

/** Interceptor to recorder, by transferred slab. */
export interface CopyBatch {
  readonly kind: "copy";
  readonly records: readonly CopyRecord[];
  readonly slab: Uint8Array<ArrayBuffer>;
  /** What this batch counts for against the bound, in bytes. */
  readonly weight: number;
}

/** Recorder to interceptor: that much was processed. */
export interface CopyAck {
  readonly kind: "ack";
  readonly weight: number;
}
