import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { MeterError } from "../../src/domain/errors.ts";
import { PendingAsks, refusedAsk } from "../../src/roles/pending_asks.ts";

interface Answer {
  readonly id: number;
  readonly text: string;
}

Deno.test("PendingAsks gives each question its own answer, in any order", async () => {
  const asks = new PendingAsks<Answer>(60_000);
  const ids: number[] = [];
  const [a, b] = [asks.ask((id) => ids.push(id)), asks.ask((id) => ids.push(id))];
  asks.answer({ id: ids[1] ?? -1, text: "b" });
  asks.answer({ id: ids[0] ?? -1, text: "a" });
  asks.answer({ id: 99, text: "nobody asked" });
  deepEqual([(await a).text, (await b).text], ["a", "b"]);
});

Deno.test("PendingAsks gives up after its time, and when the role is gone", async () => {
  const notRunning = (error: unknown) => error instanceof MeterError && error.code === "daemon_not_running";
  await rejects(new PendingAsks<Answer>(1).ask(() => {}), notRunning);
  const asks = new PendingAsks<Answer>(60_000);
  const waiting = asks.ask(() => {});
  asks.abandon();
  await rejects(waiting, notRunning);
});

Deno.test("PendingAsks takes a bounded number of questions", async () => {
  const asks = new PendingAsks<Answer>(60_000);
  const waiting = Array.from({ length: 64 }, () => asks.ask(() => {}));
  await rejects(asks.ask(() => {}), MeterError);
  asks.abandon();
  equal((await Promise.allSettled(waiting)).every(({ status }) => status === "rejected"), true);
});

Deno.test("refusedAsk carries a foreseen failure over whole, and of others the class alone", async () => {
  const asks = new PendingAsks<Answer>(60_000);
  const known = new MeterError("bad_input", "Cannot do it: no", { hint: "Do something else" });
  await rejects(asks.ask((id) => queueMicrotask(() => asks.answer(refusedAsk(id, known)))), (error) => {
    return error instanceof MeterError && error.code === "bad_input" && error.hint === known.hint &&
      error.message === known.message;
  });
  deepEqual(refusedAsk(1, new TypeError("secret")), {
    kind: "refused",
    id: 1,
    code: "failed",
    message: "Cannot make the change: TypeError",
    hint: null,
  });
});
