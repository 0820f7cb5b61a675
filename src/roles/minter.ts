/**
 * Makes certificates in a worker of its own that ends when they are made: the CA key is then in no memory of this process,
 * nor is the certificate library, which would hold some 40 MB for work that is done once in days.
 *
 * Imports: domain, roles.
 *
 * @module
 */

import { type ErrorCode, MeterError } from "../domain/errors.ts";
import type { NewAuthority } from "../ca/authority.ts";
import type { FromMinter, IssuedLeaves, ToMinter } from "./messages.ts";
import { permissionsOf } from "./permissions.ts";
import { startWorker } from "./worker_handle.ts";

/** Making a root and six leaves takes a third of a second; this bounds a machine that is very busy. */
const MINT_MS = 30_000;

/** Makes a new root. @throws {MeterError} */
export async function mintAuthority(now: number): Promise<NewAuthority> {
  const made = await mint({ kind: "mint.authority", now });
  if (made.kind !== "minted.authority") throw new Error("The minter answered something else");
  return made.authority;
}

/** Issues one leaf per intercepted host. @throws {MeterError} `ca_unusable` */
export async function mintLeaves(caPem: string, now: number): Promise<IssuedLeaves> {
  const made = await mint({ kind: "mint.leaves", caPem, now });
  if (made.kind !== "minted.leaves") throw new Error("The minter answered something else");
  return made.issued;
}

function mint(request: ToMinter): Promise<FromMinter> {
  const entry = new URL("./minter_worker.ts", import.meta.url);
  const worker = startWorker({ name: "minter", entry, permissions: permissionsOf("minter", null) });
  return new Promise<FromMinter>((resolve, reject) => {
    const late = setTimeout(
      () => reject(new MeterError("failed", "Cannot make certificates: it takes too long")),
      MINT_MS,
    );
    worker.onmessage = (event: MessageEvent<FromMinter>) => {
      clearTimeout(late);
      const { data } = event;
      if (data.kind !== "mint.failed") return resolve(data);
      reject(new MeterError(data.code as ErrorCode, data.message, data.hint === null ? {} : { hint: data.hint }));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      clearTimeout(late);
      reject(new MeterError("failed", "Cannot make certificates: the worker that makes them ended"));
    };
    worker.postMessage(request);
  }).finally(() => worker.terminate());
}
