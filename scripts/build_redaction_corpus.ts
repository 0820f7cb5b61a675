/**
 * Builds the files of tests/redaction/corpus from the texts in scripts/redaction_corpus.
 *
 * Deterministic: the same texts give the same files, so a changed text shows as a changed line. The files hold no secret: each
 * stands there as `{{kind:seed}}` (see tests/redaction/corpus.ts).
 *
 * Run: `deno run --allow-write=tests/redaction/corpus scripts/build_redaction_corpus.ts`
 *
 * @module
 */

import { caseOf, type CorpusLine, type Form, FORMS } from "../tests/redaction/corpus.ts";
import { drawFrom, letters, ruleOfKind, SECRET_KINDS, uuid } from "../tests/redaction/secret_shapes.ts";
import { CONTEXTS, GENERAL } from "./redaction_corpus/contexts.ts";
import { ENCODED_FILES } from "./redaction_corpus/encoded.ts";
import { NEGATIVES } from "./redaction_corpus/negatives.ts";
import { ENCODED_SURROUNDINGS, SURROUNDINGS } from "./redaction_corpus/surroundings.ts";

const FOLDER = "tests/redaction/corpus";

/** Kinds that only their name or place gives away have no general contexts. */
const WITHOUT_PREFIX = new Set(
  ("mistral-api-key aws-secret-key azure-account-key azure-sas-signature cloudflare-api-token fly-token discord-webhook " +
    "slack-webhook teams-webhook sentry-dsn putty-key bearer-token basic-auth url-password connection-string " +
    "command-password oauth-token encrypted-content assigned-secret email credit-card iban private-key").split(" "),
);
/** The least number of lines per kind. */
const LEAST = 3;
/** Lines of one kind come in different forms, `json` more often than others. */
const TURN: readonly Form[] = [
  "json",
  "sse-anthropic",
  "text",
  "escaped-json",
  "sse-openai",
  "multipart",
  "double-escaped-json",
  "gemini",
  "form",
  "ndjson",
  "log-line",
  "json",
  "env-file",
];

function turn<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  if (item === undefined) throw new Error("Nothing to choose from");
  return item;
}

function placeholder(kind: string, seed: string): string {
  return `{{${kind}:${seed}}}`;
}

let serial = 0;

function positive(kind: string, context: string, index: number): CorpusLine {
  const value = placeholder(kind, `s${index + 1}`);
  const name = ruleOfKind(kind).toUpperCase().replaceAll("-", "_");
  const snippet = context.replaceAll("NAME", name).replaceAll("¤", () => value);
  // A PEM block or a file of several lines stands for itself, without diff marks before its first line.
  const around = snippet.includes("\n") || /^(?:private-key|putty)/.test(kind)
    ? SURROUNDINGS.slice(0, 3)
    : SURROUNDINGS;
  const form = turn(TURN, serial + index);
  const body = form === "env-file" || form === "log-line"
    ? snippet
    : turn(around, serial * 5 + index * 3).replace("¤", () => snippet);
  serial++;
  return { id: `${kind}-${index + 1}`, form, body, secrets: [{ rule: ruleOfKind(kind), value }] };
}

function positivesOf(kind: string): CorpusLine[] {
  const own = CONTEXTS[kind] ?? [];
  const general = WITHOUT_PREFIX.has(ruleOfKind(kind)) ? [] : GENERAL;
  const wanted = Math.max(LEAST, own.length + (general.length > 0 ? 1 : 0));
  return Array.from({ length: wanted }, (_, index) => {
    const context = index < own.length || general.length === 0 ? turn(own, index) : turn(general, serial + index);
    return positive(kind, context, index);
  });
}

function encodedLines(): CorpusLine[] {
  return ENCODED_FILES.flatMap((file, index) =>
    [0, 1, 2].map((round) => {
      const inner = file.replaceAll("SEED", `e${index}${round}`);
      const value = `{{base64|${round === 2 ? "wrap|" : ""}${inner}|base64}}`;
      const kind = /\{\{([a-z0-9.-]+):/.exec(inner)?.[1] ?? "";
      const around = turn(ENCODED_SURROUNDINGS, index + round * 3);
      const form = turn(
        ["json", "escaped-json", "sse-anthropic", "text", "gemini", "double-escaped-json"] as const,
        index + round,
      );
      return {
        id: `encoded-${index + 1}-${round + 1}`,
        form,
        body: around.replace("¤", () => value),
        secrets: [{ rule: ruleOfKind(kind), value }],
      };
    })
  );
}

const ALPHABETS: Readonly<Record<string, string>> = {
  HEX: "0123456789abcdef",
  ALNUMLOW: "abcdefghijklmnopqrstuvwxyz0123456789",
  ALNUM: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
  ALNUP: "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
  DIGITS: "123456789",
  "B64:": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
  "B64U:": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

/** Draws what a template leaves open. */
function filled(template: string, seed: string): string {
  const draw = drawFrom(seed);
  return template
    .replaceAll(/TEXT64:([^]+)/g, (_, text: string) => btoa(text))
    .replaceAll("UUID", () => uuid(draw))
    .replaceAll(
      /(HEX|ALNUMLOW|ALNUM|ALNUP|DIGITS|B64:|B64U:)(\d+)/g,
      (_, name: string, length: string) => letters(draw, ALPHABETS[name] ?? "", Number(length)),
    );
}

function negativesOf(group: string, texts: readonly string[]): CorpusLine[] {
  return texts.map((text, index) => {
    const form = turn(TURN, index * 3 + group.length);
    const id = `${group}-${index + 1}`;
    const alone = text.includes("\n") || form === "log-line" || form === "env-file" || index % 3 === 0;
    const around = alone ? "¤" : turn(SURROUNDINGS, index);
    return { id, form, body: around.replace("¤", () => filled(text, id)), secrets: [] };
  });
}

function write(name: string, lines: readonly CorpusLine[]): number {
  for (const line of lines) caseOf(line); // Fails on a line that cannot be read back.
  Deno.writeTextFileSync(`${FOLDER}/${name}.ndjson`, lines.map((line) => JSON.stringify(line)).join("\n") + "\n");
  return lines.length;
}

const byFile = Map.groupBy(SECRET_KINDS, (kind) => {
  if (/^(?:private-key|putty|age|jwt|bearer|basic|url-|connection|command|oauth|encrypted|assigned)/.test(kind)) {
    return "credentials";
  }
  if (/^(?:email|credit-card|iban)/.test(kind)) return "personal";
  if (
    /^(?:aws|azure|cloudflare|databricks|digitalocean|fly|heroku|netlify|planetscale|pulumi|render|supabase|alibaba|terraform|github|gitlab|npm|pypi|docker|atlassian|buildkite|circleci|crates|jfrog|nuget|rubygems|sonarqube)/
      .test(kind)
  ) {
    return "clouds";
  }
  return SECRET_KINDS.indexOf(kind) < SECRET_KINDS.indexOf("aws-access-key") ? "model_providers" : "services";
});
let positives = write("positive_encoded", encodedLines());
for (const [file, kinds] of byFile) positives += write(`positive_${file}`, kinds.flatMap(positivesOf));
let negatives = 0;
for (const [group, texts] of Object.entries(NEGATIVES)) {
  negatives += write(`negative_${group}`, negativesOf(group, texts));
}
console.log(
  `${positives} positives over ${
    new Set(SECRET_KINDS.map(ruleOfKind)).size
  } rules, ${negatives} negatives, ${FORMS.length} forms`,
);
