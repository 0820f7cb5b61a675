/**
 * Passphrases: scrypt, a few at a time, since each takes 32 MiB while it is being worked out.
 *
 * Imports: node:buffer, node:crypto.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** N = 2^15, r = 8: 32 MiB. Stored beside each hash, so that it can be raised later. */
const LOG_COST = 15;
const BLOCK = 8;
const KEY_BYTES = 32;
const AT_ONCE = 2;

/** Shortest passphrase. */
export const MIN_PASSPHRASE = 12;
/** Longest, so that nobody makes the server hash a novel. */
export const MAX_PASSPHRASE = 256;

let running = 0;
const waiting: (() => void)[] = [];

/** `scrypt$15$8$<salt>$<hash>`, both base64url. */
export async function hashPassphrase(passphrase: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(passphrase, salt, LOG_COST, BLOCK);
  return `scrypt$${LOG_COST}$${BLOCK}$${salt.toString("base64url")}$${hash.toString("base64url")}`;
}

/**
 * Whether `passphrase` is the one that `stored` was made of. `null` = there is no such member: takes as long as a wrong one.
 */
export async function checkPassphrase(passphrase: string, stored: string | null): Promise<boolean> {
  const [, cost, block, salt, hash] = /^scrypt\$(\d+)\$(\d+)\$([\w-]+)\$([\w-]+)$/.exec(stored ?? "") ?? [];
  if (cost === undefined || block === undefined || salt === undefined || hash === undefined) {
    await derive(passphrase, randomBytes(16), LOG_COST, BLOCK);
    return false;
  }
  const wanted = Buffer.from(hash, "base64url");
  const found = await derive(passphrase, Buffer.from(salt, "base64url"), Number(cost), Number(block));
  return wanted.length === found.length && timingSafeEqual(wanted, found);
}

async function derive(passphrase: string, salt: Buffer, logCost: number, block: number): Promise<Buffer> {
  // Whoever ends hands the place on, so that a newcomer cannot slip in between.
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  try {
    return await new Promise((resolve, reject) => {
      const options = { N: 2 ** logCost, r: block, p: 1, maxmem: 256 * 2 ** logCost * block };
      scrypt(passphrase.normalize("NFKC"), salt, KEY_BYTES, options, (error, key) => {
        if (error === null) resolve(key);
        else reject(error);
      });
    });
  } finally {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }
}
