/**
 * The roots of a Linux system. They are changed only by a process that is root already: nothing is asked for, since the
 * variables for clients do without. Everyone else is told what to type.
 *
 * Imports: domain, os/machine.ts, os/place.ts (types), os/trust.
 *
 * @module
 */

import { MeterError } from "../../domain/errors.ts";
import type { Machine } from "../machine.ts";
import type { Place, PlaceState } from "../place.ts";
import { anchorFolder } from "./anchor_folder.ts";
import type { AnchorStore } from "./anchor_store.ts";
import { type Certificate, certificateAt, requiredCertificate } from "./fingerprint.ts";
import type { TrustOptions } from "./options.ts";
import { p11Kit } from "./p11_kit.ts";

/** The system's roots as a place. */
export function systemAnchors(machine: Machine, options: TrustOptions): Place {
  const file = options.certificateFile;
  const find = async () => await storeOf(machine, await certificateAt(file), file);
  return {
    id: "trust.anchors",
    label: "trust the certificate in the roots of this system",
    check: async () => await check(machine, await find()),
    async apply() {
      await requiredCertificate(file);
      const store = await find();
      const before = await check(machine, store);
      if (store === null || before.state === "present" || before.state === "unavailable") return before;
      await putOrUndo(store);
      return await check(machine, store);
    },
    async remove() {
      const store = await find();
      if (machine.uid === 0) await store?.sweep();
      if (store === null || ["absent", "elsewhere"].includes(await store.look())) return await check(machine, store);
      if (machine.uid !== 0) {
        const hint = `Type: ${store.takeByHand}`;
        throw new MeterError(
          "failed",
          "Cannot remove the certificate from the roots of this system: this is not root",
          {
            hint,
          },
        );
      }
      await store.take();
      if (await store.look() !== "absent") {
        throw new MeterError(
          "failed",
          `Cannot remove the certificate from the roots of this system: it is still there`,
          {
            hint: `Type: ${store.takeByHand}`,
          },
        );
      }
      return await check(machine, store);
    },
  };
}

async function storeOf(machine: Machine, own: Certificate, file: string): Promise<AnchorStore | null> {
  return await anchorFolder(machine, own, file) ?? await p11Kit(machine, own, file);
}

async function check(machine: Machine, store: AnchorStore | null): Promise<PlaceState> {
  if (store === null) {
    return { state: "unavailable", detail: "no known command for the roots of this system", hint: null };
  }
  const state = await store.look();
  if (state === "present") return { state, detail: `by ${store.tool}`, hint: null };
  if (state === "elsewhere") {
    return { state: "unavailable", detail: "somebody else has put it in already; left alone", hint: null };
  }
  const found = state === "absent" ? "not there" : "an earlier or incomplete one is there";
  if (machine.uid === 0) return { state, detail: found, hint: null };
  const detail = `${found}, and only root may change that; clients are set up by their environment`;
  return { state: "unavailable", detail, hint: `Type: ${store.putByHand}` };
}

/** What was there before is put back when the certificate does not reach what programs read. */
async function putOrUndo(store: AnchorStore): Promise<void> {
  let failure: unknown = null;
  try {
    await store.put();
  } catch (error) {
    failure = error;
  }
  if (failure === null && await store.look() === "present") return;
  try {
    await store.take();
  } catch {
    // The first failure says more.
  }
  if (failure !== null) throw failure;
  throw new MeterError("failed", `Cannot trust the certificate: ${store.tool} did not put it into the bundle`, {
    hint: `Run ${store.tool} by hand and read what it says`,
  });
}
