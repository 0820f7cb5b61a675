import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { addressesIn, listenersOf } from "../../src/os/listeners.ts";
import { runForOutput } from "../../src/os/run.ts";

Deno.test("listenersOf sees a real listener, and nothing where none is", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  deepEqual(await listenersOf(runForOutput, port), ["127.0.0.1"]);
  listener.close();
  deepEqual(await listenersOf(runForOutput, port), []);
});

Deno.test("listenersOf goes by the tool that answers, and says so when none does", async () => {
  const missing = () => Promise.reject(new Deno.errors.NotFound("no such tool"));
  equal(await listenersOf(missing, 8765), null);
  const onlySs = (command: string) =>
    command === "ss"
      ? Promise.resolve({ code: 0, stdout: "LISTEN 0 128 0.0.0.0:8765 0.0.0.0:*\n", stderr: "" })
      : missing();
  deepEqual(await listenersOf(onlySs, 8765), ["0.0.0.0"]);
});

Deno.test("addressesIn reads what lsof and ss print, and takes no other port for ours", () => {
  deepEqual(addressesIn("p123\nf12\nn127.0.0.1:8765\nn*:8765\n", 8765), ["127.0.0.1", "*"]);
  deepEqual(addressesIn("LISTEN 0 128 127.0.0.1:8765 0.0.0.0:*\nLISTEN 0 128 [::]:8765 [::]:*\n", 8765), [
    "127.0.0.1",
    "::",
  ]);
  deepEqual(addressesIn("LISTEN 0 128 127.0.0.1:87651 0.0.0.0:*\nn127.0.0.1:18765\n", 8765), []);
});
