import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { systemProxy } from "../../../src/os/environment/system_proxy_darwin.ts";
import type { Machine } from "../../../src/os/machine.ts";
import type { Runner } from "../../../src/os/run.ts";
import { noSuchCommand } from "../recorded_runner.ts";
import { makeHome } from "./shells.ts";

/** One network service as networksetup knows it. */
interface Fake {
  url: string;
  on: boolean;
  readonly disabled?: boolean;
  /** Answers to further questions, e.g. `-getsecurewebproxy`. */
  readonly answers?: Readonly<Record<string, string>>;
}

const OFF = "Enabled: No\nServer: \nPort: 0\nAuthenticated Proxy Enabled: 0\n";
const ON = "Enabled: Yes\nServer: proxy.corp.example\nPort: 3128\nAuthenticated Proxy Enabled: 0\n";
const URL_OF_METER = "http://127.0.0.1:8765/proxy.pac";

/** Answers as macOS 14 does; changes are kept and listed. */
function network(services: Record<string, Fake>, admin = true): { readonly run: Runner; readonly changes: string[] } {
  const changes: string[] = [];
  const said = (stdout: string, code = 0) => Promise.resolve({ code, stdout, stderr: "" });
  const run: Runner = (command, [verb = "", name = "", value = ""]) => {
    equal(command, "networksetup");
    if (verb === "-listallnetworkservices") {
      const lines = Object.entries(services).map(([name, { disabled }]) => `${disabled ? "*" : ""}${name}\n`);
      return said(`An asterisk (*) denotes that a network service is disabled.\n${lines.join("")}`);
    }
    const service = services[name];
    if (service === undefined) {
      return said(`${name} is not a recognized network service.\n** Error: The parameters were not valid.\n`, 4);
    }
    const answer = service.answers?.[verb];
    if (answer !== undefined) return said(answer);
    if (verb === "-getautoproxyurl") {
      return said(`URL: ${service.url || "(null)"}\nEnabled: ${service.on ? "Yes" : "No"}\n`);
    }
    if (verb === "-getproxyautodiscovery") return said("Auto Proxy Discovery: Off\n");
    if (verb.startsWith("-get")) return said(OFF);
    if (!admin) return said("** Error: Command requires admin privileges.\n", 14);
    changes.push(`${verb} ${name} ${value}`);
    if (verb === "-setautoproxyurl") Object.assign(service, { url: value, on: true });
    else if (verb === "-setautoproxystate") service.on = value === "on";
    else throw new Error(`Unexpected networksetup ${verb}`);
    return said("");
  };
  return { run, changes };
}

function darwin(machine: Machine, run: Runner): Machine {
  return { ...machine, platform: "darwin", run };
}

Deno.test("systemProxy sets every active service, one with spaces in its name too, and puts everything back", async () => {
  using home = makeHome();
  const services: Record<string, Fake> = {
    "Wi-Fi": { url: "", on: false },
    "USB 10/100/1000 LAN": { url: "http://old.example/p.pac", on: false },
    "Thunderbolt Bridge": { url: "", on: false, disabled: true },
  };
  const { run, changes } = network(services);
  const place = systemProxy(darwin(home.machine, run));
  equal((await place.check()).state, "absent");
  deepEqual(await place.apply(), { state: "present", detail: "set for Wi-Fi, USB 10/100/1000 LAN", hint: null });
  const first = changes.length;
  equal((await place.apply()).state, "present");
  equal(changes.length, first);
  deepEqual(services["Thunderbolt Bridge"], { url: "", on: false, disabled: true });
  equal((await place.remove()).state, "absent");
  deepEqual(services["Wi-Fi"], { url: "", on: false });
  deepEqual(services["USB 10/100/1000 LAN"], { url: "http://old.example/p.pac", on: false });
  const last = changes.length;
  equal((await place.remove()).state, "absent");
  equal(changes.length, last);
  deepEqual([...Deno.readDirSync(home.machine.paths.home)].map(({ name }) => name), ["effective-ports.json"]);
});

Deno.test("systemProxy replaces nobody's proxy: neither a file, nor an address, nor one found by itself", async () => {
  using home = makeHome();
  const cases: [string, Fake][] = [
    ["Wi-Fi uses the proxy file http://pac.corp/x.pac", { url: "http://me:pw@pac.corp/x.pac", on: true }],
    ["Wi-Fi uses the proxy proxy.corp.example:3128", { url: "", on: false, answers: { "-getsecurewebproxy": ON } }],
    ["Wi-Fi uses the proxy proxy.corp.example:3128", { url: "", on: false, answers: { "-getsocksfirewallproxy": ON } }],
    ["Wi-Fi finds its proxy by itself", {
      url: "",
      on: false,
      answers: { "-getproxyautodiscovery": "Auto Proxy Discovery: On\n" },
    }],
  ];
  for (const [detail, service] of cases) {
    const { run, changes } = network({ "Wi-Fi": service });
    const state = await systemProxy(darwin(home.machine, run)).apply();
    deepEqual([state.state, state.detail], ["unavailable", detail]);
    deepEqual(changes, []);
  }
});

Deno.test("systemProxy sets the services that are free and names the one it leaves alone", async () => {
  using home = makeHome();
  const services = { "Wi-Fi": { url: "", on: false }, VPN: { url: "http://pac.corp/x.pac", on: true } };
  const place = systemProxy(darwin(home.machine, network(services).run));
  equal((await place.apply()).detail, "set for Wi-Fi; left alone: VPN uses the proxy file http://pac.corp/x.pac");
  await place.remove();
  deepEqual(services, { "Wi-Fi": { url: "", on: false }, VPN: { url: "http://pac.corp/x.pac", on: true } });
});

Deno.test("systemProxy repairs an address of another version and forgets it at the end", async () => {
  using home = makeHome();
  const services = {
    "Wi-Fi": { url: "http://127.0.0.1:9999/proxy.pac", on: true },
    LAN: { url: URL_OF_METER, on: true },
  };
  const place = systemProxy(darwin(home.machine, network(services).run));
  equal((await place.check()).detail, "set for 1 of 2 network services");
  equal((await place.apply()).state, "present");
  equal(services["Wi-Fi"].url, URL_OF_METER);
  await place.remove();
  deepEqual(services, { "Wi-Fi": { url: "", on: false }, LAN: { url: "", on: false } });
});

Deno.test("systemProxy is unavailable to who is no administrator, without active services, and without networksetup", async () => {
  using home = makeHome();
  const asUser = network({ "Wi-Fi": { url: "", on: false } }, false);
  const state = await systemProxy(darwin(home.machine, asUser.run)).apply();
  deepEqual([state.state, state.detail], ["unavailable", "only an administrator may change it"]);
  equal(
    (await systemProxy(darwin(home.machine, network({}).run)).apply()).detail,
    "there is no active network service",
  );
  const none: Runner = () => Promise.reject(noSuchCommand("networksetup"));
  equal((await systemProxy(darwin(home.machine, none)).check()).detail, "networksetup cannot be run");
});
