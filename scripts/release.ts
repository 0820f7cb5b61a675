/**
 * Builds a release into `dist/release`: an archive per platform and `SHA256SUMS`, under the names that install.sh asks for.
 * Archives, since a program of 100 MB travels as 40, and keeps its mode.
 *
 *   deno task release [--targets linux-x64,darwin-arm64] [--tag v1.2.3] [--out FOLDER] [--allow-dirty]
 *
 * Refuses unless deno.json, src/cli/version.ts and the tag name the same version, and everything is committed. Built on
 * macOS, programs for macOS are signed ad hoc with the hardened runtime.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { VERSION } from "../src/cli/version.ts";
import { METER } from "./compile.ts";
import { compileProgram } from "./compiler.ts";
import { releaseArchive, sha256 } from "./release_archive.ts";

/** Platforms by the name that archives carry, and the triple that the compiler knows them by. */
const TARGETS: Readonly<Record<string, string>> = {
  "darwin-arm64": "aarch64-apple-darwin",
  "darwin-x64": "x86_64-apple-darwin",
  "linux-arm64": "aarch64-unknown-linux-gnu",
  "linux-x64": "x86_64-unknown-linux-gnu",
};

const { values: options } = parseArgs({
  args: Deno.args,
  options: {
    targets: { type: "string", default: Object.keys(TARGETS).join(",") },
    tag: { type: "string" },
    out: { type: "string", default: "dist/release" },
    "allow-dirty": { type: "boolean", default: false },
  },
});

function refuse(sentence: string): never {
  console.error(`release: ${sentence}`);
  Deno.exit(1);
}

async function output(command: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, stdin: "null" }).output();
  const decoder = new TextDecoder();
  if (!success) refuse(`${command} ${args[0]} failed: ${decoder.decode(stderr).trim()}`);
  return decoder.decode(stdout).trim();
}

/** Every place that names the version, and where they differ. */
async function checkVersion(): Promise<void> {
  const { version } = JSON.parse(await Deno.readTextFile("deno.json"));
  if (version !== VERSION) refuse(`deno.json says ${version}, src/cli/version.ts says ${VERSION}`);
  const here = (await output("git", "tag", "--points-at", "HEAD")).split("\n").filter((tag) => /^v\d/.test(tag));
  for (const tag of options.tag === undefined ? here : [options.tag]) {
    if (tag !== `v${VERSION}`) refuse(`the tag is ${tag}, the version ${VERSION}`);
  }
}

async function checkTree(): Promise<void> {
  if (options["allow-dirty"]) return;
  const changed = await output("git", "status", "--porcelain");
  if (changed !== "") refuse(`not everything is committed (--allow-dirty builds it all the same):\n${changed}`);
}

/** @returns why it could not be built; null when it was. */
async function build(platform: string, triple: string, program: string): Promise<string | null> {
  if (Deno.env.has("DENORT_BIN") && triple !== Deno.build.target) {
    return "its runtime could not be had: DENORT_BIN names one for this machine only";
  }
  const { success, said } = await compileProgram(METER, program, Deno.env.has("DENORT_BIN") ? undefined : triple);
  if (!success) {
    const runtime = /denort|dl\.deno\.land|download/i.test(said);
    return `${runtime ? "its runtime could not be had" : "it does not compile"}:\n${said.trim()}`;
  }
  if (platform.startsWith("darwin") && Deno.build.os === "darwin") await sign(program);
  return null;
}

/** What the compiler appended to the runtime is not covered by the signature that it came with. */
async function sign(program: string): Promise<void> {
  const signature = ["--sign", "-", "--options", "runtime", "--entitlements", "scripts/entitlements.plist"];
  await output("codesign", "--force", ...signature, program);
  await output("codesign", "--verify", "--strict", program);
}

const platforms = options.targets.split(",").map((name) => name.trim()).toSorted();
for (const platform of platforms) {
  if (!(platform in TARGETS)) refuse(`unknown target ${platform}; known are ${Object.keys(TARGETS).join(", ")}`);
}
await checkVersion();
await checkTree();
await Deno.remove(options.out, { recursive: true }).catch(() => {}); // There was none.
await Deno.mkdir(options.out, { recursive: true });

const sums: string[] = [];
const missing: string[] = [];
for (const platform of platforms) {
  const program = `${options.out}/halton-meter`;
  const problem = await build(platform, TARGETS[platform] ?? "", program);
  if (problem !== null) {
    missing.push(platform);
    console.error(`${platform}: not built, ${problem}`);
    continue;
  }
  const name = `halton-meter-${VERSION}-${platform}.tar.gz`;
  const archive = await releaseArchive(await Deno.readFile(program));
  await Deno.remove(program);
  await Deno.writeFile(`${options.out}/${name}`, archive);
  sums.push(`${await sha256(archive)}  ${name}\n`);
  console.log(`${options.out}/${name}: ${Math.round(archive.length / 1_048_576)} MiB`);
}
await Deno.writeTextFile(`${options.out}/SHA256SUMS`, sums.join(""));
if (missing.length > 0) refuse(`not built: ${missing.join(", ")}`);
