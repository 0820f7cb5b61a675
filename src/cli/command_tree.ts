/**
 * The table of commands as plain data, for what is generated from it: names as they are typed, flags, and what can follow.
 *
 * @module
 */

import type { RouteMap } from "@stricli/core";
import type { MeterContext } from "./app.ts";

/** What a word on the command line stands for. */
export interface WordKind {
  /** As help shows it. */
  readonly placeholder: string;
  /** `choice`: one of `choices`. `text`: nothing can be proposed. */
  readonly kind: "choice" | "file" | "project" | "command" | "text";
  readonly choices: readonly string[];
}

/** A flag. */
export interface FlagNode {
  /** With its dashes, as it is typed. */
  readonly name: string;
  /** One letter with its dash. */
  readonly short: string | null;
  readonly brief: string;
  /** Null: a switch. */
  readonly value: WordKind | null;
}

/** A command, or a group of them. */
export interface CommandNode {
  readonly name: string;
  readonly brief: string;
  /** Empty for a command. */
  readonly commands: readonly CommandNode[];
  readonly flags: readonly FlagNode[];
  readonly words: readonly WordKind[];
  /** What follows `words`, as often as one likes. */
  readonly rest: WordKind | null;
}

/** Words whose choices the table does not tell, by command and placeholder. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  "project set setting": ["body-capture"],
  "project set value": ["on", "off", "default"],
  "logs part": ["daemon", "edge"],
  "completions shell": ["bash", "zsh", "fish"],
};

const FILES = ["file", "path"];

const HELP: FlagNode = { name: "--help", short: "-h", brief: "Print help and exit", value: null };
const VERSION: FlagNode = { name: "--version", short: "-V", brief: "Print the version and exit", value: null };

/** Everything below `map` that is not hidden. */
export function commandTree(map: RouteMap<MeterContext>): CommandNode {
  const root = groupOf("", map, "");
  return { ...root, flags: [...root.flags, VERSION] };
}

/** Calls `visit` for every group and command, with the words that lead to it; a group comes before what it holds. */
export function visitTree(node: CommandNode, visit: (path: readonly string[], node: CommandNode) => void): void {
  const go = (path: readonly string[], next: CommandNode) => {
    visit(path, next);
    for (const child of next.commands) go([...path, child.name], child);
  };
  go([], node);
}

type Target = ReturnType<RouteMap<MeterContext>["getAllEntries"]>[number]["target"];

function groupOf(name: string, map: RouteMap<MeterContext>, path: string): CommandNode {
  const commands = map.getAllEntries().filter(({ hidden }) => !hidden).map(({ name, target }): CommandNode => {
    const typed = name["convert-camel-to-kebab"];
    const below = path === "" ? typed : `${path} ${typed}`;
    return isGroup(target) ? groupOf(typed, target, below) : commandOf(typed, target, below);
  });
  return { name, brief: map.brief, commands, flags: [HELP], words: [], rest: null };
}

function isGroup(target: Target): target is RouteMap<MeterContext> {
  return "getAllEntries" in target;
}

function commandOf(name: string, target: Exclude<Target, RouteMap<MeterContext>>, path: string): CommandNode {
  const { flags = {}, positional, aliases = {} } = target.parameters;
  const short = new Map(Object.entries(aliases).map(([letter, flag]) => [String(flag), `-${letter}`]));
  const word = (of: { readonly placeholder?: string }) => wordOf(path, of.placeholder ?? "value");
  return {
    name,
    brief: target.brief,
    commands: [],
    flags: [
      ...Object.entries(flags).filter(([, { hidden }]) => hidden !== true).flatMap(([key, flag]) =>
        spellings(key, flag).map((name): FlagNode => ({
          name,
          short: short.get(key) ?? null,
          brief: flag.brief,
          value: flag.kind === "boolean" || flag.kind === "counter"
            ? null
            : flag.kind === "enum"
            ? { placeholder: key, kind: "choice", choices: flag.values }
            : wordOf(path, flag.placeholder ?? key),
        }))
      ),
      HELP,
    ],
    words: positional?.kind === "tuple" ? positional.parameters.map(word) : [],
    rest: positional?.kind === "array" ? word(positional.parameter) : null,
  };
}

/** What changes something: the opposite of a default, or both where neither is one. */
function spellings(key: string, flag: { readonly kind: string; readonly default?: unknown }): readonly string[] {
  const [yes, no] = [`--${kebab(key)}`, `--no-${kebab(key)}`];
  if (flag.kind !== "boolean" || flag.default === false) return [yes];
  return flag.default === true ? [no] : [yes, no];
}

function wordOf(path: string, placeholder: string): WordKind {
  const choices = CHOICES[`${path} ${placeholder}`];
  if (choices !== undefined) return { placeholder, kind: "choice", choices };
  if (placeholder === "slug") return { placeholder, kind: "project", choices: [] };
  if (placeholder === "command") return { placeholder, kind: "command", choices: [] };
  return { placeholder, kind: FILES.includes(placeholder) ? "file" : "text", choices: [] };
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
