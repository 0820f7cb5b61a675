/**
 * A release as it lies on the server, over HTTP on loopback; its program is a script that tells its version.
 *
 * @module
 */

/** What the server answers instead of a file. */
export type Answer = (path: string) => Response | null;

/** A served release. */
export interface Release {
  readonly baseUrl: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** Overrides answers until it is set to something else. */
  answer: Answer;
  stop(): Promise<void>;
}

/** The platforms that releases are made for. */
export const PLATFORMS = ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64"];

/** Serves these versions, the first of which is the latest. The program of a version says `says`, if given. */
export async function serveRelease(versions: readonly string[], says?: string): Promise<Release> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const version of versions) {
    const sums: string[] = [];
    for (const platform of PLATFORMS) {
      const name = `halton-meter-${version}-${platform}.tar.gz`;
      const bytes = await archiveOf(says ?? `halton-meter ${version} (Deno 2.9.6, ${platform})`);
      files.set(`/download/v${version}/${name}`, bytes);
      sums.push(`${await sha256(bytes)}  ${name}\n`);
    }
    const list = new TextEncoder().encode(sums.join(""));
    files.set(`/download/v${version}/SHA256SUMS`, list);
    if (version === versions[0]) files.set("/latest/download/SHA256SUMS", list);
  }
  const asked: string[] = [];
  const release = { answer: (() => null) as Answer };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const path = new URL(request.url).pathname;
    asked.push(path);
    const other = release.answer(path);
    if (other !== null) return other;
    const bytes = files.get(path);
    return bytes === undefined ? new Response("none", { status: 404 }) : new Response(bytes);
  });
  return Object.assign(release, {
    baseUrl: `http://127.0.0.1:${server.addr.port}`,
    asked,
    stop: () => server.shutdown(),
  });
}

/** A gzip-compressed archive of one script named `halton-meter`. */
async function archiveOf(says: string): Promise<Uint8Array<ArrayBuffer>> {
  const folder = Deno.makeTempDirSync({ prefix: "halton-archive-" });
  try {
    // `upgrade` is what an installed meter is told by the installer.
    const script = `#!/bin/sh\nif [ "$1" = upgrade ]; then echo "upgraded: $*"; exit 0; fi\necho '${says}'\n`;
    Deno.writeTextFileSync(`${folder}/halton-meter`, script, { mode: 0o755 });
    const { stdout, success } = await new Deno.Command("tar", { args: ["-czf", "-", "-C", folder, "halton-meter"] })
      .output();
    if (!success) throw new Error("tar failed");
    return stdout;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
