/**
 * Entry of the minter's worker. It may touch nothing at all: keys and certificates come and go by message.
 *
 * @module
 */

// First: it closes what the permission row leaves open.
import "./own_sockets.ts";
import { createAuthority } from "../ca/authority.ts";
import { MeterError } from "../domain/errors.ts";
import { INTERCEPTED_HOSTS } from "../domain/hosts.ts";
import { errorLabel } from "../log.ts";
import { issueLeaves } from "./leaves.ts";
import type { FromMinter, ToMinter } from "./messages.ts";

self.onmessage = async (event: MessageEvent<ToMinter>) => {
  try {
    self.postMessage(await made(event.data));
  } catch (error) {
    const known = error instanceof MeterError;
    self.postMessage(
      {
        kind: "mint.failed",
        code: known ? error.code : "failed",
        message: known ? error.message : `Cannot make certificates: ${errorLabel(error)}`,
        hint: known ? error.hint ?? null : null,
      } satisfies FromMinter,
    );
  }
};

async function made(request: ToMinter): Promise<FromMinter> {
  switch (request.kind) {
    case "mint.authority":
      return {
        kind: "minted.authority",
        authority: await createAuthority({ hosts: INTERCEPTED_HOSTS, now: request.now }),
      };
    case "mint.leaves":
      return { kind: "minted.leaves", issued: await issueLeaves(request.caPem, request.now) };
    default:
      request satisfies never;
      throw new Error("Unknown message to the minter");
  }
}
