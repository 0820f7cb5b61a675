/**
 * What bash, zsh and plain `sh` read at their start to be metered. Text only.
 *
 * The code exports nothing unless the meter's port accepts and the certificates are there, and takes back what the shell
 * inherited where that no longer holds, so that tools work when the meter is gone. It starts no program: bash and zsh
 * open the port themselves, other shells look for it in /proc/net/tcp. It prints nothing, leaves no function and
 * no variable of its own behind, and lives with `set -eu`. Known to dash and to bash 3.2, which macOS has.
 *
 * It stays out altogether where the user has set another proxy, or a certificate file that the meter's bundle was not made
 * from: replacing either would break what works.
 *
 * Imports: domain (types), os/client_variables.ts, os/environment/options.ts, os/machine.ts (types).
 *
 * @module
 */

import type { Address } from "../../domain/upstream.ts";
import { LOOPBACK_NAMES, NODE_PROXY_VARIABLE, NODE_ROOTS_VARIABLE, REPLACING_VARIABLES } from "../client_variables.ts";
import type { Machine } from "../machine.ts";
import { type EnvironmentOptions, hostAndPort, plainPath } from "./options.ts";

/** Lines that a start-up file holds to read the code at `path`. A folder in the user's home is named by `$HOME`. */
export function sourcingLines(path: string, userHome: string): readonly string[] {
  const word = path.startsWith(`${userHome}/`)
    ? `"\${HOME-}"${shellQuoted(plainPath(path.slice(userHome.length)))}`
    : shellQuoted(plainPath(path));
  return [
    '# "halton-meter uninstall" takes these lines out; changes between the marks are lost.',
    `if [ -r ${word} ]; then . ${word}; fi`,
  ];
}

/** A word in single quotes, which `sh` takes literally. */
export function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The code. */
export function shellCode(machine: Machine, { upstreamProxy = null }: EnvironmentOptions): string {
  const { paths, edgePort } = machine;
  const [bundle, ca, node, ports] = [paths.caBundle, paths.caCertificate, paths.nodeExtraCa, paths.effectivePorts]
    .map((path) => shellQuoted(plainPath(path)));
  return `# Points the tools of this shell at halton-meter while it answers. Written by "halton-meter init"; changes are lost.

${LISTENS}
_halton_ours() {
  case $1 in
    '' | http://127.0.0.1:"$_halton_port" | http://127.0.0.1:${edgePort}${upstreamPatterns(upstreamProxy)}) return 0 ;;
  esac
  return 1
}

# Whether the bundle whose first line is $2 was made from the file $1 as well.
_halton_known() {
  case $1 in '' | ${bundle} | ${node} | ${ca}) return 0 ;; esac
  case $2 in *"\\"$1\\""*) return 0 ;; esac
  return 1
}

_halton_free() {
  _halton_ours "\${HTTPS_PROXY-}" && _halton_ours "\${https_proxy-}" || return 1
  if [ -z "\${HTTPS_PROXY-}\${https_proxy-}" ]; then
    _halton_ours "\${ALL_PROXY-}" && _halton_ours "\${all_proxy-}" || return 1
  fi
  IFS= read -r _halton_line <${bundle} || return 1
  for _halton_name in ${REPLACING_VARIABLES.join(" ")}; do
    eval "_halton_value=\\\${$_halton_name-}"
    _halton_known "$_halton_value" "$_halton_line" || return 1
  done
  _halton_node=${ca}
  case \${${NODE_ROOTS_VARIABLE}-} in
    '' | ${ca}) ;;
    *)
      _halton_line=
      if [ -r ${node} ]; then IFS= read -r _halton_line <${node} || return 1; else return 1; fi
      _halton_known "$${NODE_ROOTS_VARIABLE}" "$_halton_line" || return 1
      _halton_node=${node}
      ;;
  esac
}

_halton_local() {
  _halton_value=$1
  for _halton_name in ${LOOPBACK_NAMES.join(" ")}; do
    case ,$_halton_value, in
      *,"$_halton_name",* | *,'*',*) ;;
      *) _halton_value=\${_halton_value:+$_halton_value,}$_halton_name ;;
    esac
  done
}

_halton_join() {
  export HTTPS_PROXY="http://127.0.0.1:$_halton_port" https_proxy="http://127.0.0.1:$_halton_port"
  _halton_line=\${NO_PROXY:-\${no_proxy-}}
  _halton_local "\${no_proxy:-$_halton_line}"
  export no_proxy="$_halton_value"
  _halton_local "$_halton_line"
  export NO_PROXY="$_halton_value"
  export ${NODE_PROXY_VARIABLE}=1 ${NODE_ROOTS_VARIABLE}="$_halton_node"
  for _halton_name in ${REPLACING_VARIABLES.join(" ")}; do
    export "$_halton_name"=${bundle}
  done
}

_halton_leave() {
  for _halton_name in HTTPS_PROXY https_proxy; do
    eval "_halton_value=\\\${$_halton_name-}"
    case $_halton_value in
      http://127.0.0.1:"$_halton_port" | http://127.0.0.1:${edgePort}) ${leaveProxy(upstreamProxy)} ;;
    esac
  done
  for _halton_name in ${[NODE_ROOTS_VARIABLE, ...REPLACING_VARIABLES].join(" ")}; do
    eval "_halton_value=\\\${$_halton_name-}"
    case $_halton_value in
      ${bundle} | ${node} | ${ca}) [ -r "$_halton_value" ] || unset "$_halton_name" ;;
    esac
  done
}

_halton_meter() {
  if [ -n "\${ZSH_VERSION-}" ]; then emulate -L sh; fi
  _halton_port=
  if [ -r ${ports} ]; then
    while IFS=' ' read -r _halton_line; do
      case $_halton_line in
        '"port": '*) _halton_port=\${_halton_line#*: } _halton_port=\${_halton_port%,}; break ;;
      esac
    done <${ports}
  fi
  case $_halton_port in *[!0-9]*) _halton_port= ;; esac
  if [ -n "$_halton_port" ] && [ -r ${bundle} ] && [ -r ${ca} ] && _halton_listens "$_halton_port"; then
    if _halton_free; then _halton_join; fi
  else
    _halton_leave
  fi
}

_halton_meter || :
unset -f _halton_meter _halton_listens _halton_ours _halton_known _halton_free _halton_local _halton_join _halton_leave
unset _halton_port _halton_line _halton_name _halton_value _halton_node _halton_hex _halton_here _halton_state _halton_rest
`;
}

/**
 * In /proc/net/tcp (proc_pid_net(5)) listening sockets come first; the scan ends at the first other one. A bash without network
 * redirections and a zsh without its module look there too.
 */
const LISTENS = `_halton_listens() {
  if [ -n "\${ZSH_VERSION-}" ] && zmodload zsh/net/tcp 2>/dev/null; then
    local REPLY=
    ztcp 127.0.0.1 "$1" 2>/dev/null || return 1
    ztcp -c "$REPLY" 2>/dev/null || :
    return 0
  fi
  if [ -n "\${BASH_VERSION-}" ] && (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return 0; fi
  [ -r /proc/net/tcp ] || return 1
  _halton_hex=$(printf '%04X' "$1")
  while IFS=' ' read -r _halton_rest _halton_here _halton_rest _halton_state _halton_rest; do
    case $_halton_state:$_halton_here in
      0A:0100007F:"$_halton_hex") return 0 ;;
      0A:* | *:local_address) ;;
      *) return 1 ;;
    esac
  done </proc/net/tcp
  return 1
}
`;

/** Ways in which a user may have written the proxy that the meter itself goes through. */
function upstreamPatterns(proxy: Address | null): string {
  if (proxy === null) return "";
  const address = shellQuoted(hostAndPort(proxy));
  return [address, `*://${address}`, `*@${address}`].map((form) => ` | ${form} | ${form}/`).join("");
}

/** A shell that inherited the meter's address goes back to the proxy behind the meter, or to none. */
function leaveProxy(proxy: Address | null): string {
  if (proxy === null) return 'unset "$_halton_name"';
  return `export "$_halton_name"=${shellQuoted(`http://${hostAndPort(proxy)}`)}`;
}
