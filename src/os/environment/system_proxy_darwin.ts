/**
 * The automatic proxy setting of macOS, one per network service, for `init --full`.
 *
 * It names a file that sends the metered hosts through the meter and everything else directly, so a service that goes through a
 * proxy today, by file or by address, would lose it: such a service is left alone and named. What was set before is remembered
 * and put back. Services that are switched off are left alone too.
 *
 * Imports: domain, os/machine.ts, os/place.ts, os/run.ts, os/system_state.ts.
 *
 * @module
 */

import { pacUrl } from "../../domain/pac.ts";
import type { Machine } from "../machine.ts";
import type { Place, PlaceState } from "../place.ts";
import { commandFailure, type CommandOutput } from "../run.ts";
import { type AutoProxy, readSystemState, writeSystemState } from "../system_state.ts";

/** Older and newer installations differ in the port. */
const OWN_URL = /^http:\/\/127\.0\.0\.1:\d{1,5}\/proxy\.pac$/;

/** Settings of one service that send its traffic elsewhere, each read by one command. */
const OTHER_SETTINGS = ["-getsecurewebproxy", "-getwebproxy", "-getsocksfirewallproxy", "-getproxyautodiscovery"];

/** One network service, e.g. "Wi-Fi". */
interface NetworkService {
  readonly name: string;
  readonly auto: AutoProxy;
  /** What it goes through today that is not ours, as a phrase; null = nothing. */
  readonly other: string | null;
}

/** The system's proxy setting. */
export function systemProxy(machine: Machine): Place {
  const url = pacUrl(machine.apiPort);

  async function check(): Promise<PlaceState> {
    try {
      return stateOf(await activeServices(machine), url);
    } catch {
      return { state: "unavailable", detail: "networksetup cannot be run", hint: null };
    }
  }

  return {
    id: "environment.system-proxy",
    label: "set the system's automatic proxy",
    check,
    async apply() {
      const before = await check();
      if (before.state === "present" || before.state === "unavailable") return before;
      for (const service of await activeServices(machine)) {
        if (service.other !== null || (service.auto.enabled && service.auto.url === url)) continue;
        await remember(machine, service);
        const output = await networksetup(machine, ["-setautoproxyurl", service.name, url]);
        if (needsAdministrator(output)) return FOR_ADMINISTRATORS;
        if (output.code !== 0) throw refused("set", service.name, output);
        await mustRun(machine, ["-setautoproxystate", service.name, "on"], "set", service.name);
      }
      return await check();
    },
    async remove() {
      const { autoProxies } = await readSystemState(machine.paths);
      for (const name of await allServices(machine).catch(() => [])) {
        const auto = await autoProxyOf(machine, name.replace(/^\*/, ""));
        if (!OWN_URL.test(auto.url ?? "")) continue;
        await restore(machine, name.replace(/^\*/, ""), autoProxies[name.replace(/^\*/, "")]);
      }
      await writeSystemState(machine.paths, { autoProxies: {} });
      return await check();
    },
  };
}

const FOR_ADMINISTRATORS: PlaceState = {
  state: "unavailable",
  detail: "only an administrator may change it",
  hint: 'Log in as an administrator, or use "halton-meter init --apps"',
};

function stateOf(services: readonly NetworkService[], url: string): PlaceState {
  const left = services.filter(({ other }) => other !== null);
  const free = services.filter(({ other }) => other === null);
  const why = left.map(({ name, other }) => `${name} ${other}`).join("; ");
  if (free.length === 0) {
    return {
      state: "unavailable",
      detail: why === "" ? "there is no active network service" : why,
      hint: why === "" ? null : 'Use "halton-meter init --apps", and put that proxy under [upstream] in config.toml',
    };
  }
  const ours = free.filter(({ auto }) => auto.enabled && OWN_URL.test(auto.url ?? ""));
  if (ours.length === 0) return { state: "absent", detail: "not set", hint: null };
  const set = ours.filter(({ auto }) => auto.url === url);
  if (set.length < free.length) {
    return {
      state: "differs",
      detail: `set for ${set.length} of ${free.length} network services`,
      hint: 'Run "halton-meter init --full" again',
    };
  }
  const detail = `set for ${set.map(({ name }) => name).join(", ")}`;
  return { state: "present", detail: why === "" ? detail : `${detail}; left alone: ${why}`, hint: null };
}

/** Lines of the list; a service that is switched off has an asterisk in front. */
async function allServices(machine: Machine): Promise<readonly string[]> {
  const output = await networksetup(machine, ["-listallnetworkservices"]);
  if (output.code !== 0) throw refused("read", "the network services", output);
  // The first line explains the asterisk.
  return output.stdout.split("\n").slice(1).filter((line) => line !== "");
}

async function activeServices(machine: Machine): Promise<readonly NetworkService[]> {
  const names = (await allServices(machine)).filter((name) => !name.startsWith("*"));
  const services: NetworkService[] = [];
  for (const name of names) {
    const auto = await autoProxyOf(machine, name);
    services.push({ name, auto, other: await otherProxy(machine, name, auto) });
  }
  return services;
}

async function autoProxyOf(machine: Machine, name: string): Promise<AutoProxy> {
  const { stdout } = await networksetup(machine, ["-getautoproxyurl", name]);
  const url = /^URL: (.*)$/m.exec(stdout)?.[1]?.trim() ?? "";
  return { url: url === "" || url === "(null)" ? null : url, enabled: /^Enabled: Yes$/m.test(stdout) };
}

async function otherProxy(machine: Machine, name: string, auto: AutoProxy): Promise<string | null> {
  if (auto.enabled && auto.url !== null && !OWN_URL.test(auto.url)) {
    return `uses the proxy file ${withoutUser(auto.url)}`;
  }
  for (const setting of OTHER_SETTINGS) {
    const { stdout } = await networksetup(machine, [setting, name]);
    if (/^Auto Proxy Discovery: On$/m.test(stdout)) return "finds its proxy by itself";
    if (!/^Enabled: Yes$/m.test(stdout)) continue;
    const [server, port] = [/^Server: (.*)$/m, /^Port: (.*)$/m].map((line) => line.exec(stdout)?.[1]?.trim());
    return `uses the proxy ${server}:${port}`;
  }
  return null;
}

/** Only the first finding counts, and never one of our own. */
async function remember(machine: Machine, { name, auto }: NetworkService): Promise<void> {
  const { autoProxies } = await readSystemState(machine.paths);
  if (Object.hasOwn(autoProxies, name)) return;
  const found = OWN_URL.test(auto.url ?? "") ? { url: null, enabled: false } : auto;
  await writeSystemState(machine.paths, { autoProxies: { ...autoProxies, [name]: found } });
}

async function restore(machine: Machine, name: string, earlier: AutoProxy | undefined): Promise<void> {
  // networksetup has no word for "no address"; an empty one is as near as it comes.
  await mustRun(machine, ["-setautoproxyurl", name, earlier?.url ?? ""], "restore", name);
  const state = earlier?.enabled === true && earlier.url !== null ? "on" : "off";
  await mustRun(machine, ["-setautoproxystate", name, state], "restore", name);
}

async function mustRun(machine: Machine, args: readonly string[], action: string, name: string): Promise<void> {
  const output = await networksetup(machine, args);
  if (output.code !== 0) throw refused(action, name, output);
}

async function networksetup(machine: Machine, args: readonly string[]): Promise<CommandOutput> {
  return await machine.run("networksetup", args);
}

function needsAdministrator({ code, stdout, stderr }: CommandOutput): boolean {
  return code !== 0 && /requires admin privileges/i.test(stdout + stderr);
}

function refused(action: string, name: string, output: CommandOutput): Error {
  return commandFailure(`Cannot ${action} the automatic proxy of ${name}`, "networksetup", output);
}

function withoutUser(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//");
}
