import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { Attribution } from "../../src/domain/exchange.ts";
import { ConnectionBook, type OpenConnection } from "../../src/roles/connection_book.ts";
import { pause } from "./tools.ts";

const SHOP: Attribution = { slug: "shop", layer: "git" };
const BLOG: Attribution = { slug: "blog", layer: "env" };
const HOST = "api.anthropic.com";

function opened(book: ConnectionBook, number: number, peerPort: number): OpenConnection {
  book.open(number, HOST, peerPort);
  const connection = book.get(number);
  if (connection === undefined) throw new Error("Not in the book");
  return connection;
}

Deno.test("ConnectionBook joins an owner that came first", async () => {
  const book = new ConnectionBook();
  book.setOwner(5001, SHOP);
  equal(await book.ownerOf(opened(book, 1, 5001)), SHOP);
});

Deno.test("ConnectionBook joins an owner that comes while the connection is open, for all who wait", async () => {
  const book = new ConnectionBook();
  const connection = opened(book, 1, 5001);
  const waiting = [book.ownerOf(connection), book.ownerOf(connection)];
  book.setOwner(5001, SHOP);
  deepEqual(await Promise.all(waiting), [SHOP, SHOP]);
  equal(await book.ownerOf(connection), SHOP);
});

Deno.test("ConnectionBook joins an owner that comes after a short connection has closed", async () => {
  const book = new ConnectionBook();
  const connection = opened(book, 1, 5001);
  book.close(1);
  const waiting = book.ownerOf(connection);
  await pause(20);
  book.setOwner(5001, SHOP);
  equal(await waiting, SHOP);
});

Deno.test("ConnectionBook does not hand the owner of a closed connection to the next one on its port", async () => {
  const book = new ConnectionBook();
  const first = opened(book, 1, 5001);
  book.close(1);
  const waiting = book.ownerOf(first);
  book.setOwner(5001, SHOP);
  await waiting;
  const second = opened(book, 2, 5001);
  equal(second.owner, null);
  book.setOwner(5001, BLOG);
  equal(await book.ownerOf(second), BLOG);
  equal(first.owner, SHOP);
});

Deno.test("ConnectionBook gives up on an owner after three seconds", async () => {
  const book = new ConnectionBook();
  const connection = opened(book, 1, 5001);
  const started = performance.now();
  equal(await book.ownerOf(connection), null);
  const waited = performance.now() - started;
  equal(waited > 2_900 && waited < 15_000, true, `${waited} ms`);
  book.close(1);
  await pause(3_050);
  book.setOwner(5001, BLOG); // Long after: this is the next connection's.
  equal(connection.owner, null);
  equal(opened(book, 2, 5001).owner, BLOG);
});

Deno.test("ConnectionBook keeps the first owner of an open connection and the next one for the next connection", () => {
  const book = new ConnectionBook();
  const first = opened(book, 1, 5001);
  book.setOwner(5001, SHOP);
  book.setOwner(5001, BLOG); // The edge has reused the port before the close was heard of.
  equal(first.owner, SHOP);
  book.close(1);
  equal(opened(book, 2, 5001).owner, BLOG);
});

Deno.test("ConnectionBook keeps ports apart that are reused before the old connection is closed", () => {
  const book = new ConnectionBook();
  opened(book, 1, 5001);
  const second = opened(book, 2, 5001);
  book.close(1);
  book.setOwner(5001, SHOP);
  equal(second.owner, SHOP);
});

Deno.test("ConnectionBook bounds the owners that nobody asks for, and forgets the oldest first", () => {
  const book = new ConnectionBook();
  for (let port = 1; port <= 5_000; port++) book.setOwner(port, SHOP);
  equal(opened(book, 1, 1).owner, null);
  equal(opened(book, 2, 5_000).owner, SHOP);
});

Deno.test("ConnectionBook forgets everything at once and gives what was open", () => {
  const book = new ConnectionBook();
  const first = opened(book, 1, 5001);
  const second = opened(book, 2, 5002);
  equal(book.size, 2);
  deepEqual(book.clear(), [first, second]);
  equal(book.size, 0);
  equal(book.get(1), undefined);
  equal(book.close(1), undefined);
  book.setOwner(5001, BLOG);
  equal(first.owner, null, "the numbers belong to another interceptor now");
});
