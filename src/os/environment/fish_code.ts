/**
 * What fish reads at its start to be metered: the same rules as the code for other shells, in fish's own language. Text only.
 *
 * fish cannot open a port. On Linux it looks for it in /proc/net/tcp; elsewhere it asks bash, which every macOS has.
 *
 * Imports: domain (types), os/client_variables.ts, os/environment/options.ts, os/machine.ts (types).
 *
 * @module
 */

import { LOOPBACK_NAMES, NODE_PROXY_VARIABLE, NODE_ROOTS_VARIABLE, REPLACING_VARIABLES } from "../client_variables.ts";
import type { Machine } from "../machine.ts";
import { type EnvironmentOptions, hostAndPort, plainPath } from "./options.ts";

/** The code. */
export function fishCode(machine: Machine, { upstreamProxy = null }: EnvironmentOptions): string {
  const { paths, edgePort } = machine;
  const quoted = (path: string) => fishQuoted(plainPath(path));
  const behind = upstreamProxy === null ? null : hostAndPort(upstreamProxy);
  const upstream = behind === null ? "" : [behind, `*://${behind}`, `*@${behind}`]
    .map((form) => ` ${fishQuoted(form)} ${fishQuoted(`${form}/`)}`).join("");
  const leave = behind === null ? "set -e $name" : `set -gx $name ${fishQuoted(`http://${behind}`)}`;
  return `# Points the tools of this shell at halton-meter while it answers. "halton-meter uninstall" removes this file; changes are
# lost. It prints nothing, and does nothing where another proxy or an unknown certificate file is set.

function __halton_listens
    if test -r /proc/net/tcp
        string match -qr -- ' 0100007F:'(printf '%04X' $argv[1])' 00000000:0000 0A ' </proc/net/tcp
    else
        command bash -c ': <>"/dev/tcp/127.0.0.1/$1"' bash $argv[1] 2>/dev/null
    end
end

function __halton_ours --no-scope-shadowing
    contains -- "$argv[1]" '' http://127.0.0.1:$port http://127.0.0.1:${edgePort}; and return 0
    for form in $upstream
        string match -q -- $form "$argv[1]"; and return 0
    end
    return 1
end

function __halton_known --no-scope-shadowing
    contains -- "$argv[1]" '' $bundle $node $ca
    or string match -q -- '*"'"$argv[1]"'"*' "$argv[2]"
end

function __halton_free --no-scope-shadowing
    __halton_ours "$HTTPS_PROXY"; and __halton_ours "$https_proxy"; or return 1
    if test -z "$HTTPS_PROXY$https_proxy"
        __halton_ours "$ALL_PROXY"; and __halton_ours "$all_proxy"; or return 1
    end
    set -l first
    read first <$bundle; or return 1
    for name in $replacing
        __halton_known "$$name" "$first"; or return 1
    end
    contains -- "$${NODE_ROOTS_VARIABLE}" '' $ca; and return 0
    test -r $node; and read first <$node; and __halton_known "$${NODE_ROOTS_VARIABLE}" "$first"; or return 1
    set chosen $node
end

function __halton_join --no-scope-shadowing
    for name in HTTPS_PROXY https_proxy
        set -gx $name http://127.0.0.1:$port
    end
    set -l upper "$NO_PROXY"
    test -n "$upper"; or set upper "$no_proxy"
    set -l lower "$no_proxy"
    test -n "$lower"; or set lower "$upper"
    for host in ${LOOPBACK_NAMES.join(" ")}
        string match -qr -- '(^|,)(\\\\*|'(string escape --style=regex -- $host)')(,|$)' "$upper"
        or set upper (string join , -- (string match -r '.+' -- $upper) $host)
        string match -qr -- '(^|,)(\\\\*|'(string escape --style=regex -- $host)')(,|$)' "$lower"
        or set lower (string join , -- (string match -r '.+' -- $lower) $host)
    end
    set -gx NO_PROXY $upper
    set -gx no_proxy $lower
    set -gx ${NODE_PROXY_VARIABLE} 1
    set -gx ${NODE_ROOTS_VARIABLE} $chosen
    for name in $replacing
        set -gx $name $bundle
    end
end

function __halton_leave --no-scope-shadowing
    for name in HTTPS_PROXY https_proxy
        contains -- "$$name" http://127.0.0.1:$port http://127.0.0.1:${edgePort}; and ${leave}
    end
    for name in ${NODE_ROOTS_VARIABLE} $replacing
        if contains -- "$$name" $bundle $node $ca; and not test -r "$$name"
            set -e $name
        end
    end
end

function __halton_meter
    set -l bundle ${quoted(paths.caBundle)}
    set -l ca ${quoted(paths.caCertificate)}
    set -l node ${quoted(paths.nodeExtraCa)}
    set -l ports ${quoted(paths.effectivePorts)}
    set -l replacing ${REPLACING_VARIABLES.join(" ")}
    set -l upstream${upstream}
    set -l chosen $ca
    set -l port
    if test -r $ports
        set port (string replace -rf '^ *"port": (\\d+),?$' '$1' <$ports)[1]
    end
    if test -n "$port"; and test -r $bundle; and test -r $ca; and __halton_listens $port
        __halton_free; and __halton_join
    else
        __halton_leave
    end
end

if status is-interactive; or status is-login
    __halton_meter
end
functions -e __halton_meter __halton_listens __halton_ours __halton_known __halton_free __halton_join __halton_leave
`;
}

/** A word in single quotes, in which fish knows two escapes. */
function fishQuoted(word: string): string {
  return `'${word.replaceAll(/[\\']/g, "\\$&")}'`;
}
