/**
 * `halton-meter doctor`: looks at every layer, names the one that fails and what to type, and comes to one word.
 *
 * Exit code 0 when all is well, 4 otherwise.
 *
 * Imports: domain, install, os, roles, store, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { type Finding, GROUPS, planFindings, type Verdict, verdictOf } from "../install/findings.ts";
import { installPlan } from "../install/modes.ts";
import { newTerminal } from "../install/new_terminal.ts";
import { carryOut } from "../install/plan.ts";
import type { InstallMode } from "../os/install_state.ts";
import { selfTest } from "../roles/self_test.ts";
import { openForWriting } from "../store/database.ts";
import { rebuildRollups } from "../store/rollups.ts";
import type { MeterContext } from "./app.ts";
import {
  clientFindings,
  configFinding,
  databaseFindings,
  privacyFindings,
  programFindings,
  type Terminal,
  terminalFindings,
} from "./doctor_checks.ts";
import { runningFindings } from "./doctor_running.ts";
import { changing, type Installation, openInstallation, requireBinary } from "./installation.ts";
import { progressOn } from "./progress.ts";
import { stepLines } from "./step_lines.ts";
import { loadPaint, type Paint, showable } from "./table.ts";
import { VERSION } from "./version.ts";

/** Flags of the command. */
export interface DoctorFlags {
  readonly json: boolean;
  readonly fix: boolean;
  readonly apply: boolean;
}

/** What `doctor --json` prints. */
export interface DoctorReport {
  readonly version: string;
  readonly verdict: Verdict;
  /** Null: not installed as a service. */
  readonly install_mode: InstallMode | null;
  readonly findings: readonly Finding[];
}

/** Looks, and repairs when it is asked to. */
export async function doctorCommand(this: MeterContext, flags: DoctorFlags): Promise<void> {
  const { stdout, stderr } = this.process;
  if (flags.apply && !flags.fix) {
    throw new MeterError("wrong_usage", "Cannot use --apply alone", { hint: "Give --fix --apply to repair" });
  }
  const installation = await openInstallation({ interactive: flags.apply, lenient: true });
  if (flags.apply) await repair(this, installation);
  const report = await examine(installation, progressOn(stderr));
  if (flags.json) stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else stdout.write(render(report, await loadPaint(stdout.colour)));
  if (flags.fix && !flags.apply && !flags.json) stdout.write(preview(report));
  if (report.verdict !== "HEALTHY") this.process.exitCode = 4;
}

/** Everything that can be found, in the order in which a call meets it. */
export async function examine(
  installation: Installation,
  progress: (text: string | null) => void = () => {},
): Promise<DoctorReport> {
  const { installed } = installation;
  const mode = installed ?? "env-only";
  const findings: Finding[] = [configFinding(installation)];
  let asked: Promise<Terminal> | null = null;
  const terminal = () => asked ??= newTerminal(installation.machine.run, installation.machine.env);
  const look = async (what: string, gather: () => Promise<readonly Finding[]> | readonly Finding[]) => {
    progress(`Looking at ${what} …`);
    findings.push(...await gather());
  };
  await look("the program", () => programFindings(installation, terminal));
  await look("the installation", () => placesOf(installation, mode));
  await look("the ports", () => runningFindings(installation));
  await look("the database", () => databaseFindings(installation));
  await look("what is promised", () => privacyFindings(installation));
  const metering = findings.some(({ id, state }) => id === "services.running" && state === "ok");
  if (metering) await look("a test call", () => selfTestFinding(installation));
  const systemTrusts = findings.some(({ id, state }) => SYSTEM_STORES.includes(id) && state === "ok");
  await look(
    "the tools on this machine",
    () => clientFindings(installation, mode, { systemTrusts, metering, terminal }),
  );
  findings.push(...terminalFindings(installation, mode, await terminal()));
  progress(null);
  const sorted = (installed === null && !metering ? findings.map(untilInstalled) : findings).toSorted((a, b) =>
    GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group)
  );
  return { version: VERSION, verdict: verdictOf(sorted), install_mode: installed, findings: sorted };
}

/** Stores that tools ask which are told of no file of roots. */
const SYSTEM_STORES: readonly string[] = ["trust.keychain", "trust.anchors"];

/** Steps that look at what runs have findings of their own. */
async function placesOf(installation: Installation, mode: InstallMode): Promise<readonly Finding[]> {
  const { shellRc } = installation;
  const plan = installPlan(mode, installation.partsFor(mode), { shellRc }).filter(({ place: { id } }) => {
    return id !== "self-test.call" && id !== "service.healthy";
  });
  if (installation.installed !== null) return [...await planFindings(plan), ...(shellRc ? [] : [SHELLS_LEFT_ALONE])];
  const authority = plan.filter(({ place }) => place.id === "certificate.authority");
  const left = plan.filter(({ place }) => !place.id.startsWith("service.") && place.id !== "certificate.authority")
    .map((step) => ({ ...step, wanted: false }));
  return [...await planFindings(authority), NOT_INSTALLED, ...await planFindings(left)];
}

const SHELLS_LEFT_ALONE: Finding = {
  id: "environment.shell-rc",
  group: "environment",
  label: "start-up files of shells",
  state: "skipped",
  detail: "left alone, as `init --no-shell-rc` was told",
  hint: null,
};

const NOT_INSTALLED: Finding = {
  id: "service.mode",
  group: "services",
  label: "installed as a service",
  state: "problem",
  detail: "it is not: only what `halton-meter daemon` meters in a terminal is metered",
  hint: "Run: halton-meter init --apps",
};

/** Where nothing is installed and nothing runs, `init` is to be run, and these are what would stop it. */
const BEYOND_INIT: readonly Finding["group"][] = ["configuration", "database"];

function untilInstalled(finding: Finding): Finding {
  return finding.state === "problem" && finding.id !== NOT_INSTALLED.id && !BEYOND_INIT.includes(finding.group)
    ? { ...finding, state: "skipped", hint: null }
    : finding;
}

async function selfTestFinding({ session: { paths, config } }: Installation): Promise<readonly Finding[]> {
  const base = { id: "self-test.call", group: "self-test", label: "a test call is metered" } as const;
  const { edgePort, internalPort } = config.daemon;
  const result = await selfTest({ paths, edgePort, standInPort: internalPort });
  if (!result.ok) return [{ ...base, state: "problem", detail: `${result.layer}: ${result.found}`, hint: result.hint }];
  const { recorded, callMs } = result;
  const detail = `${recorded.input_tokens} + ${recorded.output_tokens} tokens counted, ${Math.round(callMs)} ms`;
  return [{ ...base, state: "ok", detail, hint: null }];
}

async function repair(context: MeterContext, installation: Installation): Promise<void> {
  const { installed, session: { paths } } = installation;
  const { stderr } = context.process;
  if (installed !== null) {
    requireBinary();
    // Beside the steps: standard output is the report's, which may be JSON.
    stderr.write(`halton-meter v${VERSION} · repair   mode: ${installed}\n\n`);
    const plan = installPlan(installed, installation.partsFor(installed), { shellRc: installation.shellRc });
    await changing(context, paths, async () => void await carryOut(plan, stepLines(stderr)));
    installation.noteAuthority();
  }
  try {
    if (!Deno.statSync(paths.database).isFile) return;
  } catch {
    return; // Nothing was recorded yet.
  }
  try {
    const db = openForWriting(paths.database, { now: Date.now(), uid: Deno.uid() ?? undefined });
    try {
      rebuildRollups(db);
    } finally {
      db.close();
    }
  } catch {
    // What is wrong with it is found, and told, by the look that follows.
  }
}

const MARKS: Readonly<Record<Finding["state"], string>> = { ok: "ok", warning: "!", problem: "✗", skipped: "–" };

function render({ version, verdict, install_mode, findings }: DoctorReport, paint: Paint): string {
  const lines = [paint.bold(`halton-meter v${version} · doctor`) + `   mode: ${install_mode ?? "not installed"}`];
  for (const group of GROUPS) {
    const members = findings.filter((finding) => finding.group === group);
    if (members.length === 0) continue;
    lines.push("", paint.bold(group));
    for (const finding of members) lines.push(...findingLines(finding, paint));
  }
  return [...lines, "", `${paint.bold(verdict)}${summary(findings)}`, ""].join("\n");
}

function findingLines({ state, label, detail, hint }: Finding, paint: Paint): string[] {
  const mark = MARKS[state].padEnd(2);
  const text = `  ${mark} ${label}: ${detail.split("\n").map(showable).join("\n       ")}`;
  const shown = state === "ok" ? text : state === "skipped" ? paint.dim(text) : paint.yellow(text);
  const worth = hint !== null && state !== "ok";
  return worth ? [shown, ...hint.split("\n").map((line) => `       → ${showable(line)}`)] : [shown];
}

function summary(findings: readonly Finding[]): string {
  const count = (state: Finding["state"]) => findings.filter((finding) => finding.state === state).length;
  const [problems, warnings] = [count("problem"), count("warning")];
  const parts = [problems > 0 && `${problems} to repair`, warnings > 0 && `${warnings} to know`].filter(Boolean);
  return parts.length === 0 ? "" : `: ${parts.join(", ")}`;
}

function preview({ findings }: DoctorReport): string {
  const repairs = findings.filter(({ state, hint }) => state === "problem" && hint?.includes("--fix --apply"));
  if (repairs.length === 0) return "Nothing here can be repaired by itself; follow the arrows\n";
  return `Would repair: ${repairs.map(({ label }) => label).join(", ")}\n  Run: halton-meter doctor --fix --apply\n`;
}
