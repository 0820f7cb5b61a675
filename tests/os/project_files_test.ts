import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { createProjectFolders, parseRcFile, readProjectFolders, repositoryName } from "../../src/os/project_files.ts";

function tree(files: Record<string, string> = {}): string {
  const root = Deno.realPathSync(Deno.makeTempDirSync());
  for (const [name, text] of Object.entries(files)) {
    const path = `${root}/${name}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(path, text);
  }
  return root;
}

function git(folder: string, ...args: string[]): void {
  const { success, stderr } = new Deno.Command("git", {
    args: ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args],
    cwd: folder,
    env: { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" },
  }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

Deno.test("parseRcFile reads quoted and bare values and comments", () => {
  for (
    const text of ['project = "billing"', "project = billing", "project='billing' # ours", "\uFEFFproject=billing\r\n"]
  ) {
    deepEqual(parseRcFile(text), { project: "billing", bodyCapture: null, problems: [] });
  }
  for (
    const [word, on] of [
      ["on", true],
      ["off", false],
      ["true", true],
      ["false", false],
      ['"off"', false],
      ["OFF", false],
      ["no", false],
      ["Yes", true],
      ["0", false],
    ] as const
  ) {
    equal(parseRcFile(`# privacy\n\nbody_capture = ${word}\n`).bodyCapture, on);
  }
});

Deno.test("parseRcFile reports what it ignores, by line", () => {
  deepEqual(parseRcFile('project = a b\nbody_capture = maybe\ncolour = red\nproject = "x\n= 3\n[section]'), {
    project: null,
    bodyCapture: false,
    problems: [
      { line: 1, reason: "malformed line" },
      { line: 2, reason: "malformed value" },
      { line: 3, reason: "unknown key" },
      { line: 4, reason: "malformed line" },
      { line: 5, reason: "malformed line" },
      { line: 6, reason: "malformed line" },
    ],
  });
});

Deno.test("parseRcFile takes a line about body_capture that cannot be read for off, and says so", () => {
  for (const line of ["body_capture = disabled", "body_capture: off", "body_capture off", "body-capture = off off"]) {
    const { bodyCapture, problems } = parseRcFile(line);
    deepEqual([bodyCapture, problems], [false, [{ line: 1, reason: "malformed value" }]], line);
  }
});

Deno.test("readProjectFolders lets no nearer file turn on what one above turned off", async () => {
  const root = tree({ ".haltonrc": "body_capture = off", "checkout/.haltonrc": "body_capture = on" });
  equal((await readProjectFolders(`${root}/checkout`)).bodyCapture, false);
  const other = tree({ ".haltonrc": "body_capture = on", "checkout/.haltonrc": "body_capture = off" });
  equal((await readProjectFolders(`${other}/checkout`)).bodyCapture, false);
});

Deno.test("readProjectFolders takes each key from the nearest file that has it", async () => {
  const root = tree({
    ".haltonrc": "project = outer\nbody_capture = off",
    "a/.haltonrc": "project = inner",
    "a/b/c/file": "",
  });
  const { project, bodyCapture } = await readProjectFolders(`${root}/a/b/c`);
  equal(project, "inner");
  equal(bodyCapture, false);
});

Deno.test("readProjectFolders reports files that it does not obey", async () => {
  const root = tree({ "big/.haltonrc": `project = big\n${"#".repeat(64 * 1024)}`, "folder/.haltonrc/x": "" });
  deepEqual((await readProjectFolders(`${root}/big`)).problems, [
    { path: `${root}/big/.haltonrc`, line: null, reason: "too large" },
  ]);
  equal((await readProjectFolders(`${root}/folder`)).problems[0]?.reason, "unreadable");
});

Deno.test("readProjectFolders does not wait for a named pipe", async () => {
  const root = tree();
  new Deno.Command("mkfifo", { args: [`${root}/.haltonrc`] }).outputSync();
  equal((await readProjectFolders(root)).problems[0]?.reason, "unreadable");
});

Deno.test({
  name: "readProjectFolders does not obey another user's file",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    const root = tree({ ".haltonrc": "body_capture = on" });
    Deno.chownSync(`${root}/.haltonrc`, 12345, 12345);
    const { bodyCapture, problems } = await readProjectFolders(root);
    equal(bodyCapture, null);
    deepEqual(problems, [{ path: `${root}/.haltonrc`, line: null, reason: "not yours" }]);
  },
});

Deno.test("readProjectFolders finds the repository, its worktree and its submodule", async () => {
  const root = tree({ "Billing App/deep/file": "x", "lib/file": "x" });
  for (const name of ["Billing App", "lib"]) {
    git(`${root}/${name}`, "init", "-q");
    git(`${root}/${name}`, "add", ".");
    git(`${root}/${name}`, "commit", "-qm", "x");
  }
  git(`${root}/Billing App`, "worktree", "add", "-q", "../elsewhere");
  git(`${root}/Billing App`, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../lib", "vendored");
  git(root, "clone", "-q", "--bare", `${root}/lib`, `${root}/shop.git`);
  git(`${root}/shop.git`, "worktree", "add", "-q", "../shop-feature");
  equal((await readProjectFolders(`${root}/Billing App/deep`)).gitFolder, "Billing App");
  equal((await readProjectFolders(`${root}/elsewhere/deep`)).gitFolder, "Billing App");
  equal((await readProjectFolders(`${root}/Billing App/vendored`)).gitFolder, "vendored");
  equal((await readProjectFolders(`${root}/shop-feature`)).gitFolder, "shop");
});

Deno.test("readProjectFolders takes an empty .git folder for none", async () => {
  const root = tree({ "outer/.git/HEAD": "ref: refs/heads/main\n", "outer/inner/.git/x": "" });
  equal((await readProjectFolders(`${root}/outer/inner`)).gitFolder, "outer");
});

Deno.test("readProjectFolders looks at 64 folders at most", async () => {
  const deep = Array.from({ length: 63 }, () => "d").join("/");
  const root = tree({ ".haltonrc": "project = far", [`${deep}/d/x`]: "" });
  equal((await readProjectFolders(`${root}/${deep}`)).project, "far");
  equal((await readProjectFolders(`${root}/${deep}/d`)).project, null);
});

Deno.test("readProjectFolders answers for a folder that is gone", async () => {
  const { project, gitFolder } = await readProjectFolders("/nonexistent-folder/x");
  deepEqual({ project, gitFolder }, { project: null, gitFolder: null });
});

Deno.test("repositoryName follows relative and hidden bare directories", () => {
  equal(repositoryName("/w/tree", "gitdir: ../main/.git/worktrees/tree\n"), "main");
  equal(repositoryName("/w/tree", "gitdir: /w/main/.bare/worktrees/tree"), "main");
  equal(repositoryName("/w/sub", "gitdir: ../.git/modules/sub"), "sub");
  equal(repositoryName("/w/apart", "gitdir: /somewhere/else.git"), "apart");
  equal(repositoryName("/w/x", "nothing"), null);
});

Deno.test("createProjectFolders answers from memory for three seconds", async () => {
  const root = tree({ ".haltonrc": "project = one" });
  let time = 0;
  const folders = createProjectFolders(() => time);
  equal((await folders.factsOf(root)).project, "one");
  Deno.writeTextFileSync(`${root}/.haltonrc`, "project = two");
  time = 2_999;
  equal((await folders.factsOf(root)).project, "one");
  time = 3_000;
  equal((await folders.factsOf(root)).project, "two");
});
