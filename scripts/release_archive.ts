/**
 * The archive of a release: one executable in a gzip-compressed tar file. The same program gives the same bytes, whoever
 * packs it and when.
 *
 * @module
 */

const BLOCK = 512;

/** Packs `program` under the name `halton-meter`, mode 0755, as of 1970 (POSIX.1-1988 ustar). */
export async function releaseArchive(program: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const padding = new Uint8Array((BLOCK - program.length % BLOCK) % BLOCK);
  const end = new Uint8Array(2 * BLOCK);
  const packed = new Blob([header("halton-meter", program.length), program, padding, end]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

function header(name: string, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(BLOCK);
  const put = (at: number, text: string) => bytes.set(new TextEncoder().encode(text), at);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  put(0, name);
  put(100, octal(0o755, 7));
  put(108, octal(0, 7)); // user
  put(116, octal(0, 7)); // group
  put(124, octal(size, 11));
  put(136, octal(0, 11)); // time
  put(148, " ".repeat(8)); // The checksum counts itself as blanks.
  put(156, "0");
  put(257, "ustar\0" + "00");
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return bytes;
}

/** Hex digits, as `sha256sum` prints them. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
