/**
 * Every setting: key, default, unit, meaning and check. Reads no file; takes an already parsed object.
 *
 * A value of the file is never repeated in a problem unless it is a number or a boolean, because a string may be a
 * password. Unknown keys are problems, since a misspelt privacy switch would otherwise silently stay at its default.
 *
 * Imports: ./config_checks.ts, ./config_tables.ts, ./upstream.ts.
 *
 * @module
 */

import {
  absolutePath,
  boolean,
  type Check,
  connectProxy,
  describeValue,
  enumeration,
  identifier,
  integer,
  isTable,
  type KeyPath,
  listOf,
  origin,
  ownValue,
  type Problem,
  report,
  serverUrl,
  slug,
} from "./config_checks.ts";
import {
  checkKnownKeys,
  hostMap,
  type PriceOverride,
  priceOverride,
  type RedactionRule,
  redactionRules,
  type UploadFields,
  type UploadPreset,
  uploadPreset,
  type UploadRule,
  uploadRules,
} from "./config_tables.ts";
import type { Address, UpstreamProxy } from "./upstream.ts";

/** The whole configuration, checked. */
export interface Config {
  /** TCP ports on 127.0.0.1; 0 = any free one. */
  readonly daemon: { readonly edgePort: number; readonly internalPort: number; readonly apiPort: number };
  readonly cors: { readonly allowOrigins: readonly string[] };
  readonly bodies: {
    readonly enabled: boolean;
    readonly maxBodyBytes: number;
    readonly retentionDays: number;
    /** 0 = no limit. */
    readonly maxTotalBytes: number;
  };
  readonly tagging: { readonly defaultProject: string };
  readonly cloud: {
    readonly enabled: boolean;
    /** Without closing slash. */
    readonly baseUrl: string;
    readonly workspaceId: string | null;
    readonly promptHash: "hmac" | "plain";
    readonly bodySync: boolean;
    readonly upload: {
      readonly preset: UploadPreset;
      readonly fields: UploadFields;
      /** Slug → what differs for that project. */
      readonly perProject: Readonly<Record<string, UploadRule>>;
    };
  };
  readonly upstream: {
    /** Intercepted host → address dialled in its place. */
    readonly map: Readonly<Record<string, Address>>;
    readonly caFile: string | null;
    readonly proxy: UpstreamProxy | null;
  };
  readonly pricing: { readonly overrides: readonly PriceOverride[] };
  readonly redaction: { readonly rules: readonly RedactionRule[] };
}

/** One setting. `key` is its path in the file. */
export interface Setting<T> {
  readonly key: string;
  /** Value as in the file's absence; null = not set. */
  readonly fallback: T;
  readonly unit: string | null;
  readonly help: string;
  readonly check: Check<T>;
}

function setting<T>(key: string, fallback: T, unit: string | null, help: string, check: Check<T>): Setting<T> {
  return { key, fallback, unit, help, check };
}

const PORT = integer("a port number", 0, 65_535);
const MEBIBYTE = 1_048_576;

/** Every setting, in the order of the documentation. */
export const SETTINGS = {
  edgePort: setting(
    "daemon.edge_port",
    8081,
    "port",
    "Where applications find the proxy; 0 takes any free port.",
    PORT,
  ),
  internalPort: setting(
    "daemon.internal_port",
    8090,
    "port",
    "Accepted for compatibility: the listeners that decrypt take any free ports. No other listener takes this one.",
    PORT,
  ),
  apiPort: setting("daemon.api_port", 8765, "port", "Where the local API listens; 0 takes any free port.", PORT),
  allowOrigins: setting<readonly string[]>(
    "cors.allow_origins",
    ["http://localhost:3000"],
    null,
    "Web origins that may read the local API.",
    listOf(origin),
  ),
  bodiesEnabled: setting("bodies.enabled", true, null, "Store redacted request and response bodies.", boolean),
  maxBodyBytes: setting(
    "bodies.max_body_bytes",
    524_288,
    "bytes",
    "How much of each body is stored.",
    integer("a whole number of bytes", 0, 64 * MEBIBYTE),
  ),
  retentionDays: setting(
    "bodies.retention_days",
    90,
    "days",
    "Bodies older than this are deleted once a day.",
    integer("a whole number of days", 1, 36_500),
  ),
  maxTotalBytes: setting(
    "bodies.max_total_bytes",
    0,
    "bytes",
    "Oldest bodies are deleted above this total; 0 sets no limit.",
    integer("a whole number of bytes", 0, Number.MAX_SAFE_INTEGER),
  ),
  defaultProject: setting("tagging.default_project", "misc", null, "Project of calls that nothing else names.", slug),
  cloudEnabled: setting("cloud.enabled", false, null, "Send usage rows to the paired server.", boolean),
  cloudBaseUrl: setting(
    "cloud.base_url",
    "https://api.haltonmeter.com",
    null,
    "The paired server; written by cloud connect.",
    serverUrl,
  ),
  workspaceId: setting<string | null>(
    "cloud.workspace_id",
    null,
    null,
    "The paired workspace; written by cloud connect.",
    identifier,
  ),
  promptHash: setting<"hmac" | "plain">(
    "cloud.prompt_hash",
    "hmac",
    null,
    "Fingerprint of prompts: under a key of this installation, or plain SHA-256.",
    enumeration(["hmac", "plain"]),
  ),
  bodySync: setting("cloud.body_sync", false, null, "Also send redacted bodies to the paired server.", boolean),
  uploadPreset: setting<UploadPreset>(
    "cloud.upload.preset",
    "standard",
    null,
    "Which fields of a row are sent.",
    uploadPreset,
  ),
  uploadSourceWorkdir: setting<boolean | null>(
    "cloud.upload.fields.source_workdir",
    null,
    null,
    "Send the working directory, whatever the preset says.",
    boolean,
  ),
  uploadPromptHash: setting<boolean | null>(
    "cloud.upload.fields.prompt_hash",
    null,
    null,
    "Send the fingerprint of the prompt, whatever the preset says.",
    boolean,
  ),
  uploadHostname: setting<boolean | null>(
    "cloud.upload.fields.hostname",
    null,
    null,
    "Send the machine's name, whatever the preset says.",
    boolean,
  ),
  uploadPerProject: setting<Readonly<Record<string, UploadRule>>>(
    "cloud.upload.per_project",
    {},
    null,
    "Tables of preset and fields for single projects, by slug.",
    uploadRules,
  ),
  upstreamMap: setting<Readonly<Record<string, Address>>>(
    "upstream.map",
    {},
    null,
    "Addresses to dial in place of intercepted hosts.",
    hostMap,
  ),
  upstreamCaFile: setting<string | null>(
    "upstream.ca_file",
    null,
    null,
    "PEM file with further roots for provider certificates.",
    absolutePath,
  ),
  upstreamProxy: setting<UpstreamProxy | null>(
    "upstream.proxy",
    null,
    null,
    "CONNECT proxy through which everything is dialled.",
    connectProxy,
  ),
  priceOverrides: setting<readonly PriceOverride[]>(
    "pricing.overrides",
    [],
    "USD per million tokens",
    "Prices that replace the bundled ones.",
    listOf(priceOverride),
  ),
  redactionRules: setting<readonly RedactionRule[]>(
    "redaction.rules",
    [],
    null,
    "Patterns that are masked beside the built-in ones.",
    redactionRules,
  ),
} as const;

/** Checks a parsed file. All problems are found, not only the first. */
export function parseConfig(
  raw: unknown,
): { readonly config: Config; readonly problems: null } | {
  readonly config: null;
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  checkKeys(raw, [], problems);
  const take = <T>(wanted: Setting<T>): T => valueOf(wanted, raw, problems);
  const config: Config = {
    daemon: {
      edgePort: take(SETTINGS.edgePort),
      internalPort: take(SETTINGS.internalPort),
      apiPort: take(SETTINGS.apiPort),
    },
    cors: { allowOrigins: take(SETTINGS.allowOrigins) },
    bodies: {
      enabled: take(SETTINGS.bodiesEnabled),
      maxBodyBytes: take(SETTINGS.maxBodyBytes),
      retentionDays: take(SETTINGS.retentionDays),
      maxTotalBytes: take(SETTINGS.maxTotalBytes),
    },
    tagging: { defaultProject: take(SETTINGS.defaultProject) },
    cloud: {
      enabled: take(SETTINGS.cloudEnabled),
      baseUrl: take(SETTINGS.cloudBaseUrl),
      workspaceId: take(SETTINGS.workspaceId),
      promptHash: take(SETTINGS.promptHash),
      bodySync: take(SETTINGS.bodySync),
      upload: {
        preset: take(SETTINGS.uploadPreset),
        fields: {
          sourceWorkdir: take(SETTINGS.uploadSourceWorkdir),
          promptHash: take(SETTINGS.uploadPromptHash),
          hostname: take(SETTINGS.uploadHostname),
        },
        perProject: take(SETTINGS.uploadPerProject),
      },
    },
    upstream: {
      map: take(SETTINGS.upstreamMap),
      caFile: take(SETTINGS.upstreamCaFile),
      proxy: take(SETTINGS.upstreamProxy),
    },
    pricing: { overrides: take(SETTINGS.priceOverrides) },
    redaction: { rules: take(SETTINGS.redactionRules) },
  };
  checkPorts(config.daemon, problems);
  return problems.length === 0 ? { config, problems: null } : { config: null, problems };
}

/** The configuration of an empty file. */
export function defaultConfig(): Config {
  const { config } = parseConfig({});
  if (config === null) throw new TypeError("A default of a setting does not pass its own check");
  return config;
}

const ALL_KEYS: readonly string[] = Object.values(SETTINGS).map(({ key }) => key);

/** Reports unknown keys and sections that are no tables. Settings that are tables themselves check their own keys. */
function checkKeys(value: unknown, path: KeyPath, problems: Problem[]): void {
  const prefix = path.map((part) => `${part}.`).join("");
  if (ALL_KEYS.includes(path.join("."))) return;
  if (!isTable(value)) {
    report({ path, problems }, describeValue(value), "a table");
    return;
  }
  const below = ALL_KEYS.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length).split(".")[0]);
  const known = [...new Set(below.filter((name) => name !== undefined))];
  checkKnownKeys(value, known, { path, problems }, ALL_KEYS);
  for (const name of known) {
    if (Object.hasOwn(value, name)) checkKeys(value[name], [...path, name], problems);
  }
}

function valueOf<T>(wanted: Setting<T>, raw: unknown, problems: Problem[]): T {
  const path = wanted.key.split(".");
  let value = raw;
  for (const part of path) value = isTable(value) ? ownValue(value, part) : undefined;
  if (value === undefined) return wanted.fallback;
  return wanted.check(value, { path, problems }) ?? wanted.fallback;
}

/** Two listeners cannot have the same port. */
function checkPorts({ edgePort, internalPort, apiPort }: Config["daemon"], problems: Problem[]): void {
  const taken = [edgePort];
  for (const [key, port] of [["internal_port", internalPort], ["api_port", apiPort]] as const) {
    if (port !== 0 && taken.includes(port)) {
      report({ path: ["daemon", key], problems }, String(port), "a port that no other setting has");
    }
    taken.push(port);
  }
}
