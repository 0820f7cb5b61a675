/**
 * Completion for zsh: a file `_halton-meter` on the `fpath`, or text to be sourced after `compinit`.
 *
 * @module
 */

import { type CommandNode, type FlagNode, visitTree, type WordKind } from "./command_tree.ts";

/** The script. */
export function zshCompletions(tree: CommandNode): string {
  const functions: string[] = [];
  visitTree(tree, (path, node) => functions.push(node.commands.length > 0 ? group(path, node) : leaf(path, node)));
  return `#compdef halton-meter
# Completion of halton-meter for zsh. Made by: halton-meter completions zsh

_halton-meter--projects() {
  local -a projects
  projects=(\${(f)"$(_call_program projects halton-meter complete-projects 2>/dev/null)"})
  _describe -t projects project projects
}

${functions.join("\n")}
if [ "\${funcstack[1]}" = _halton-meter ]; then
  _halton-meter "$@"
else
  compdef _halton-meter halton-meter
fi
`;
}

function nameOf(path: readonly string[]): string {
  return ["_halton-meter", ...path].join("__").replace("_halton-meter__", "_halton-meter_");
}

function group(path: readonly string[], node: CommandNode): string {
  const described = node.commands.map(({ name, brief }) => `    ${quoted(`${name}:${brief}`)}`);
  const cases = node.commands.map(({ name }) => `        ${name}) ${nameOf([...path, name])} ;;`);
  return `${nameOf(path)}() {
  local context state state_descr line
  typeset -A opt_args
  local -a subcommands # \`commands\` is zsh's own.
  subcommands=(
${described.join("\n")}
  )
  _arguments -C -S \\
    ${
    [...node.flags.flatMap(flagSpecs), quoted("1: :->command"), quoted("*:: :->argument")].join(" \\\n    ")
  } && return
  case $state in
    command) _describe -t commands command subcommands ;;
    argument)
      case $line[1] in
${cases.join("\n")}
      esac
      ;;
  esac
}
`;
}

function leaf(path: readonly string[], node: CommandNode): string {
  const words = node.words.map((word, index) => quoted(`${index + 1}:${word.placeholder}:${action(word)}`));
  const rest = node.rest === null
    ? []
    : node.rest.kind === "command"
    ? [quoted("(-)1:command: _command_names -e"), quoted("*::argument:_normal")]
    : [quoted(`*:${node.rest.placeholder}:${action(node.rest)}`)];
  return `${nameOf(path)}() {
  _arguments -S \\
    ${[...node.flags.flatMap(flagSpecs), ...words, ...rest].join(" \\\n    ")}
}
`;
}

function flagSpecs({ name, short, brief, value }: FlagNode): string[] {
  const names = short === null ? [name] : [name, short];
  const others = names.length > 1 ? `(${names.join(" ")})` : "";
  const text = brief.replace(/[\\\]:]/g, "\\$&");
  return names.map((one) => {
    const ending = value === null
      ? `[${text}]`
      : `${one.startsWith("--") ? "=" : "+"}[${text}]:${value.placeholder}:${action(value)}`;
    return quoted(`${others}${one}${ending}`);
  });
}

function action({ kind, choices }: WordKind): string {
  switch (kind) {
    case "choice":
      return `(${choices.join(" ")})`;
    case "file":
      return "_files";
    case "project":
      return "_halton-meter--projects";
    case "command":
      return " _command_names -e";
    case "text":
      return " ";
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
