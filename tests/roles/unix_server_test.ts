import { rejects, strictEqual as equal, throws } from "node:assert/strict";
import { serveUnix } from "../../src/roles/unix_server.ts";
import { close, receiveAll, receiveUntil, send, withFolder, within } from "./tools.ts";

function open(path: string): Promise<Deno.UnixConn> {
  return Deno.connect({ transport: "unix", path });
}

function greeting(word: string) {
  return async (connection: Deno.UnixConn) => {
    await send(connection, `${word}\n`);
    await connection.read(new Uint8Array(1));
  };
}

Deno.test("serveUnix serves the owner only, also in place of what a dead process left", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/socket`;
    Deno.writeTextFileSync(path, "left", { mode: 0o644 });
    const server = serveUnix(path, greeting("hello"));
    const { isSocket, mode } = Deno.lstatSync(path);
    equal(isSocket, true);
    equal((mode ?? 0) & 0o777, 0o600);
    const connection = await open(path);
    equal(await receiveUntil(connection, "\n"), "hello\n");
    close(connection);
    server.close();
  });
});

Deno.test("serveUnix takes its socket away at its end, and ends what is open", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/socket`;
    const server = serveUnix(path, greeting("hello"));
    const connection = await open(path);
    await receiveUntil(connection, "\n");
    server.close();
    await within(receiveAll(connection), "the end");
    close(connection);
    throws(() => Deno.lstatSync(path), Deno.errors.NotFound);
    await rejects(open(path));
  });
});

Deno.test("serveUnix leaves the socket of a successor alone", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/socket`;
    const first = serveUnix(path, greeting("first"));
    const second = serveUnix(path, greeting("second"));
    first.close();
    const connection = await open(path);
    equal(await receiveUntil(connection, "\n"), "second\n");
    close(connection);
    second.close();
  });
});

Deno.test("serveUnix fails where there is no folder", async () => {
  await withFolder((folder) => {
    throws(() => serveUnix(`${folder}/nowhere/socket`, greeting("hello")));
    return Promise.resolve();
  });
});

Deno.test("serveUnix says so when what is there cannot be removed", async () => {
  await withFolder((folder) => {
    const path = `${folder}/socket`;
    Deno.mkdirSync(`${path}/kept`, { recursive: true });
    throws(() => serveUnix(path, greeting("hello")), { name: "MeterError", code: "failed" });
    equal(Deno.statSync(`${path}/kept`).isDirectory, true);
    return Promise.resolve();
  });
});
