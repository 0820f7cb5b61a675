/**
 * Completion for bash, 3.2 (macOS) and newer.
 *
 * @module
 */

import { type CommandNode, type FlagNode, visitTree, type WordKind } from "./command_tree.ts";

/** The script. `run` hands over to the completion of the command that it starts, where bash-completion is loaded. */
export function bashCompletions(tree: CommandNode): string {
  const children: string[] = [];
  const valued: string[] = [];
  const values: string[] = [];
  const words: string[] = [];
  const flags: string[] = [];
  visitTree(tree, (path, node) => {
    const at = path.join(" ");
    for (const { name } of node.commands) children.push(`"${at}/${name}"`);
    for (const flag of node.flags) {
      for (const name of namesOf(flag)) {
        if (flag.value === null) continue;
        valued.push(`"${at}/${name}"`);
        values.push(`    "${at}/${name}") ${propose(flag.value)} ;;`);
      }
    }
    flags.push(`    "${at}") _halton_meter_words "${node.flags.flatMap(namesOf).join(" ")}" ;;`);
    if (node.commands.length > 0) {
      words.push(`    "${at}/0") _halton_meter_words "${node.commands.map(({ name }) => name).join(" ")}" ;;`);
    }
    node.words.forEach((word, index) => words.push(`    "${at}/${index}") ${propose(word)} ;;`));
    if (node.rest !== null) words.push(`    "${at}/"*) ${propose(node.rest)} ;;`);
  });
  return `# Completion of halton-meter for bash. Made by: halton-meter completions bash

_halton_meter_words() {
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

_halton_meter_projects() {
  _halton_meter_words "$("\${COMP_WORDS[0]}" complete-projects 2>/dev/null)"
}

_halton_meter_files() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$cur"))
}

_halton_meter_command() {
  if declare -F _command_offset >/dev/null; then
    _command_offset "$first"
  elif [ "$first" -eq "$COMP_CWORD" ]; then
    COMPREPLY=($(compgen -c -- "$cur"))
  else
    _halton_meter_files
  fi
}

_halton_meter() {
  local cur=\${COMP_WORDS[COMP_CWORD]} at="" seen=0 flag="" first=0 i word
  COMPREPLY=()
  if [ "$cur" = "=" ]; then cur=""; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [ "$word" = "=" ]; then continue; fi
    if [ -n "$flag" ]; then flag=""; continue; fi
    case "$word" in
      --) if [ "$first" -eq 0 ]; then first=$((i + 1)); fi; break ;;
      -*)
        case "$at/$word" in
          ${valued.join(" | ")}) flag=$word ;;
        esac
        ;;
      *)
        case "$at/$word" in
          ${children.join(" | ")}) at=\${at:+$at }$word ;;
          *) if [ "$at" = run ]; then first=$i; break; fi; seen=$((seen + 1)) ;;
        esac
        ;;
    esac
  done
  if [ "$at" = run ] && [ "$first" -gt 0 ]; then
    _halton_meter_command
    return
  fi
  if [ -n "$flag" ]; then
    case "$at/$flag" in
${values.map((line) => `  ${line}`).join("\n")}
    esac
    return
  fi
  if [ "$first" -eq 0 ] && [ "\${cur#-}" != "$cur" ]; then
    case "$at" in
${flags.map((line) => `  ${line}`).join("\n")}
    esac
    return
  fi
  first=$COMP_CWORD
  case "$at/$seen" in
${words.join("\n")}
  esac
}

complete -F _halton_meter halton-meter
`;
}

function namesOf({ name, short }: FlagNode): string[] {
  return short === null ? [name] : [name, short];
}

function propose({ kind, choices }: WordKind): string {
  switch (kind) {
    case "choice":
      return `_halton_meter_words "${choices.join(" ")}"`;
    case "file":
      return "_halton_meter_files";
    case "project":
      return "_halton_meter_projects";
    case "command":
      return "_halton_meter_command";
    case "text":
      return ":";
  }
}
