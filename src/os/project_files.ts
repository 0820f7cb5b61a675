/**
 * What the folders around a working directory say about its project: `.haltonrc` files and the Git repository.
 *
 * Reads at most MAX_LEVELS folders upward. A `.haltonrc` is no TOML, since its documented form has bare words
 * (`body_capture = on`). `project` counts where it stands nearest; `body_capture = off` counts wherever it stands, since the
 * file nearest may have come with a checkout. A line about `body_capture` that cannot be read counts as off: whoever wrote it
 * wanted something else than the default. A file of another user is not obeyed. What is ignored is reported, without its text.
 *
 * Imports: nothing.
 *
 * @module
 */

/** What was found. */
export interface ProjectFolderFacts {
  /** `project` as written, not checked. */
  readonly project: string | null;
  readonly bodyCapture: boolean | null;
  /** Name of the repository's folder; in a linked worktree, that of the main repository. */
  readonly gitFolder: string | null;
  readonly problems: readonly RcProblem[];
}

/** A part of a `.haltonrc` that was ignored; after `malformed value`, which is about `body_capture`, that is off. */
export interface RcProblem {
  readonly path: string;
  /** From 1; null when it is about the whole file. */
  readonly line: number | null;
  readonly reason: "unreadable" | "too large" | "not yours" | "malformed line" | "unknown key" | "malformed value";
}

/** The text of one `.haltonrc`, read. */
export interface RcFile {
  readonly project: string | null;
  readonly bodyCapture: boolean | null;
  readonly problems: readonly Omit<RcProblem, "path">[];
}

/** Answers from memory for a few seconds. */
export interface ProjectFolders {
  /** Never rejects. `cwd` is an absolute path. */
  factsOf(cwd: string): Promise<ProjectFolderFacts>;
}

const MAX_LEVELS = 64;
const MAX_RC_BYTES = 64 * 1024;
const MAX_GIT_FILE_BYTES = 4 * 1024;
/** Long enough for the connections of one run of a tool, short enough that an edited file seems to work at once. */
const CACHE_MS = 3_000;
const MAX_CACHED = 256;

/** Looks around folders. `now` gives milliseconds of any steady clock. */
export function createProjectFolders(now: () => number): ProjectFolders {
  const cache = new Map<string, { readonly until: number; readonly facts: Promise<ProjectFolderFacts> }>();

  function factsOf(cwd: string): Promise<ProjectFolderFacts> {
    const time = now();
    const cached = cache.get(cwd);
    if (cached !== undefined && time < cached.until) return cached.facts;
    const facts = readProjectFolders(cwd);
    cache.delete(cwd);
    cache.set(cwd, { until: time + CACHE_MS, facts });
    for (const oldest of cache.keys()) {
      if (cache.size <= MAX_CACHED) break;
      cache.delete(oldest);
    }
    return facts;
  }

  return { factsOf };
}

/** Reads the folders from `cwd` to the root of the file system, without a cache. */
export async function readProjectFolders(cwd: string): Promise<ProjectFolderFacts> {
  let project: string | null = null;
  let bodyCapture: boolean | null = null;
  let gitFolder: string | null = null;
  const problems: RcProblem[] = [];
  let folder = cwd;
  for (let level = 0; level < MAX_LEVELS && folder.startsWith("/"); level++) {
    const path = join(folder, ".haltonrc");
    const rc = await readRcFile(path);
    project ??= rc.project;
    bodyCapture = bodyCapture === false ? false : rc.bodyCapture ?? bodyCapture;
    problems.push(...rc.problems.map((problem) => ({ path, ...problem })));
    gitFolder ??= await gitFolderAt(folder);
    if (folder === "/") break;
    folder = parentOf(folder);
  }
  return { project, bodyCapture, gitFolder, problems };
}

async function readRcFile(path: string): Promise<RcFile> {
  const read = await readSmallFile(path, MAX_RC_BYTES);
  if (read === null) return { project: null, bodyCapture: null, problems: [] };
  if (typeof read === "string") return { project: null, bodyCapture: null, problems: [{ line: null, reason: read }] };
  return parseRcFile(read.text);
}

/**
 * Reads the text of a `.haltonrc`: lines of `key = value`, `#` comments, values bare or in single or double quotes
 * (no escapes). Of a repeated key the last one counts.
 */
export function parseRcFile(text: string): RcFile {
  let project: string | null = null;
  let bodyCapture: boolean | null = null;
  const problems: Omit<RcProblem, "path">[] = [];
  for (const [index, raw] of text.replace(/^\uFEFF/, "").split(/\r?\n/).entries()) {
    const line = index + 1;
    if (/^\s*(#|$)/.test(raw)) continue;
    const match = /^\s*([A-Za-z_]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'#]+))\s*(?:#.*)?$/.exec(raw);
    if (match === null) {
      const aboutBodies = /^\s*body[_-]capture\b/i.test(raw);
      if (aboutBodies) bodyCapture = false;
      problems.push({ line, reason: aboutBodies ? "malformed value" : "malformed line" });
      continue;
    }
    const value = match[2] ?? match[3] ?? match[4] ?? "";
    if (match[1] === "project") {
      project = value;
    } else if (match[1] === "body_capture") {
      const on = switchValue(value);
      if (on === null) problems.push({ line, reason: "malformed value" });
      bodyCapture = on ?? false;
    } else {
      problems.push({ line, reason: "unknown key" });
    }
  }
  return { project, bodyCapture, problems };
}

function switchValue(value: string): boolean | null {
  const word = value.toLowerCase();
  if (["on", "true", "yes", "1"].includes(word)) return true;
  return ["off", "false", "no", "0"].includes(word) ? false : null;
}

/** Name of the repository whose working tree begins at `folder`; null if none does. */
async function gitFolderAt(folder: string): Promise<string | null> {
  const path = join(folder, ".git");
  try {
    const info = await Deno.stat(path);
    if (info.isDirectory) {
      // Git itself takes no folder for a repository that has no HEAD.
      await Deno.lstat(join(path, "HEAD"));
      return baseOf(folder);
    }
    if (!info.isFile || info.size > MAX_GIT_FILE_BYTES) return null;
    return repositoryName(folder, await Deno.readTextFile(path));
  } catch {
    return null;
  }
}

/**
 * Name of the repository that a `.git` file points at. A linked worktree (`…/worktrees/NAME`) belongs to the folder
 * around the common directory, or to the common directory itself when that is a bare repository. Anything else, a
 * submodule for example, is named after its own folder. Layout: gitrepository-layout(5).
 *
 * @param folder Folder that holds the file.
 * @param text Its content, `gitdir: PATH`.
 */
export function repositoryName(folder: string, text: string): string | null {
  const gitdir = /^gitdir: ([^\r\n]+)/.exec(text)?.[1];
  if (gitdir === undefined) return null;
  const worktree = /^(.+)\/worktrees\/[^/]+\/*$/.exec(gitdir.startsWith("/") ? gitdir : join(folder, gitdir));
  if (worktree === null) return baseOf(folder);
  const common = withoutDots(worktree[1] ?? "");
  const name = baseOf(common);
  return name.startsWith(".") ? baseOf(parentOf(common)) : name.replace(/(?<=.)\.git$/, "");
}

/** Resolves `.` and `..` by name, without looking at links. */
function withoutDots(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/**
 * Null if there is no such file, as far as this user may see. Opens regular files only, since a named pipe would hold
 * the reader for ever.
 */
async function readSmallFile(
  path: string,
  limit: number,
): Promise<{ readonly text: string } | "unreadable" | "too large" | "not yours" | null> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(path);
  } catch {
    return null;
  }
  if (!info.isFile) return "unreadable";
  if (info.uid !== 0 && info.uid !== Deno.uid()) return "not yours";
  if (info.size > limit) return "too large";
  try {
    return { text: await Deno.readTextFile(path) };
  } catch {
    return "unreadable";
  }
}

function join(folder: string, name: string): string {
  return folder === "/" ? `/${name}` : `${folder}/${name}`;
}

function parentOf(folder: string): string {
  return folder.slice(0, folder.lastIndexOf("/")) || "/";
}

function baseOf(folder: string): string {
  return folder.slice(folder.lastIndexOf("/") + 1);
}
