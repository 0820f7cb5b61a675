/**
 * Completion for fish.
 *
 * @module
 */

import { type CommandNode, type FlagNode, visitTree, type WordKind } from "./command_tree.ts";

/** The script. `run` hands over to the completion of the command that it starts. */
export function fishCompletions(tree: CommandNode): string {
  const children: string[] = [];
  const valued = new Set<string>();
  const lines: string[] = [];
  visitTree(tree, (path, node) => {
    const at = path.join(" ");
    for (const child of node.commands) {
      children.push(quoted(`${at}/${child.name}`));
      lines.push(`${complete(at, 0)} -f -a ${child.name} -d ${quoted(child.brief)}`);
    }
    for (const flag of node.flags) {
      if (flag.value !== null) {
        valued.add(flag.name);
        if (flag.short !== null) valued.add(flag.short);
      }
      lines.push(flagLine(at, flag));
    }
    node.words.forEach((word, index) => {
      if (word.kind !== "text") lines.push(`${complete(at, index)} ${propose(word)}`);
    });
  });
  return `# Completion of halton-meter for fish. Made by: halton-meter completions fish

# Prints the command that was typed so far, a slash, and how many words of its own follow.
function __halton_meter_place
  set -l words (commandline -opc)
  set -l at ""
  set -l seen 0
  set -l skip 0
  for word in $words[2..-1]
    if test $skip -eq 1
      set skip 0
      continue
    end
    switch $word
      case ${[...valued].sort().join(" ")}
        set skip 1
      case --
        set seen (math $seen + 1)
      case '-*'
      case '*'
        switch "$at/$word"
          case ${children.join(" ")}
            set at (string trim -- "$at $word")
          case '*'
            set seen (math $seen + 1)
        end
    end
    test "$at" = run -a $seen -gt 0; and break
  end
  echo "$at/$seen"
end

function __halton_meter_at
  test (__halton_meter_place) = "$argv[1]"
end

function __halton_meter_below
  string match -q -- "$argv[1]/*" (__halton_meter_place)
end

# Completes the command that \`run\` is to start as if it stood alone.
function __halton_meter_run
  set -l words (commandline -opc)
  set -l skip 0
  for index in (seq 3 (count $words))
    if test $skip -eq 1
      set skip 0
      continue
    end
    switch $words[$index]
      case --project
        set skip 1
      case --
        complete -C (string join -- ' ' (string escape -- $words[(math $index + 1)..-1]) (commandline -ct))
        return
      case '-*'
      case '*'
        complete -C (string join -- ' ' (string escape -- $words[$index..-1]) (commandline -ct))
        return
    end
  end
  __fish_complete_command
end

complete -c halton-meter -f
${lines.join("\n")}
complete -c halton-meter -n '__halton_meter_below run' -x -a '(__halton_meter_run)'
`;
}

function complete(at: string, seen: number): string {
  return `complete -c halton-meter -n ${quoted(`__halton_meter_at ${quoted(`${at}/${seen}`)}`)}`;
}

function flagLine(at: string, { name, short, brief, value }: FlagNode): string {
  // What comes after the command of \`run\` is its own.
  const where = at === "run" ? `__halton_meter_at ${quoted("run/0")}` : `__halton_meter_below ${quoted(at)}`;
  const letter = short === null ? "" : ` -s ${short.slice(1)}`;
  const wants = value === null ? "" : value.kind === "text" ? " -x" : ` -r ${propose(value)}`;
  return `complete -c halton-meter -n ${quoted(where)} -l ${name.slice(2)}${letter} -d ${quoted(brief)}${wants}`;
}

function propose({ kind, choices }: WordKind): string {
  switch (kind) {
    case "choice":
      return `-f -a ${quoted(choices.join(" "))}`;
    case "file":
      return "-F";
    case "project":
      return `-f -a '(halton-meter complete-projects 2>/dev/null)'`;
    case "command":
      return "-f -a '(__fish_complete_command)'";
    case "text":
      return "-f";
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
