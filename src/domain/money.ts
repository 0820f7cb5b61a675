/**
 * Money in pico-dollars (1e-12 USD) as `bigint`: exact fractions, rounding half to even, text in and out.
 *
 * Pico-dollars keep published prices whole: $0.0375 per million tokens is 37,500 per token. Nothing here touches
 * floating point. Leaves to meter/ what a price is and where it came from.
 *
 * Imports nothing.
 *
 * @module
 */

/** Pico-dollars in one US dollar. */
export const PICO_PER_USD = 1_000_000_000_000n;

/** Pico-dollars in one millicent (1e-5 USD), the unit of `cost_usd_minor_units`. */
export const PICO_PER_MILLICENT = 10_000_000n;

/** An exact quotient; `den` is greater than zero. */
export interface Fraction {
  readonly num: bigint;
  readonly den: bigint;
}

/** The fraction that changes nothing. */
export const ONE: Fraction = { num: 1n, den: 1n };

/** Exact product of two fractions, in lowest terms. */
export function multiply(a: Fraction, b: Fraction): Fraction {
  return reduce({ num: a.num * b.num, den: a.den * b.den });
}

/** Exact sum of two fractions, in lowest terms. */
export function add(a: Fraction, b: Fraction): Fraction {
  return reduce({ num: a.num * b.den + b.num * a.den, den: a.den * b.den });
}

/** Nearest whole number to `num / den`, a tie to the even one. @throws {RangeError} if `den` is not positive. */
export function roundHalfEven(num: bigint, den: bigint): bigint {
  if (den <= 0n) throw new RangeError("Cannot round a quotient: the divisor is not positive");
  const floor = num >= 0n ? num / den : -((-num + den - 1n) / den);
  const twice = 2n * (num - floor * den);
  if (twice < den || (twice === den && floor % 2n === 0n)) return floor;
  return floor + 1n;
}

/** Pico-dollars to millicents, half to even. */
export function picoToMillicents(pico: bigint): bigint {
  return roundHalfEven(pico, PICO_PER_MILLICENT);
}

/**
 * A plain decimal such as `3.75`, times ten to the power of `scale`, as a whole number.
 *
 * @throws {RangeError} if the text is not digits with at most one point, or has more places than `scale` can hold.
 */
export function parseDecimal(text: string, scale: number): bigint {
  const found = /^(\d{1,15})(?:\.(\d{1,15}))?$/.exec(text);
  if (found === null) throw new RangeError("Cannot read a price: it is not a plain decimal number");
  const places = (found[2] ?? "").replace(/0+$/, "");
  if (places.length > scale) throw new RangeError(`Cannot read a price: more than ${scale} decimal places`);
  return BigInt((found[1] ?? "") + places.padEnd(scale, "0"));
}

/** USD per million tokens to pico-dollars per token. @throws {RangeError} if that is not a whole number. */
export function parsePricePerMTok(text: string): bigint {
  return parseDecimal(text, 6);
}

/** Pico-dollars per token to USD per million tokens, without trailing zeros: `3750000n` is `3.75`. */
export function formatPricePerMTok(picoPerToken: bigint): string {
  return trimZeros(fixed(picoPerToken, 6));
}

/** A fraction as a decimal where that is exact, else as `20/11`. */
export function formatFraction(value: Fraction): string {
  const { num, den } = reduce(value);
  let places = 0;
  let scaled = 1n;
  while (places <= 12 && scaled % den !== 0n) {
    places++;
    scaled *= 10n;
  }
  if (places > 12) return `${num}/${den}`;
  return trimZeros(fixed(num * (scaled / den), places));
}

/**
 * An amount for a screen: below one dollar six decimals, else two, rounded half to even from the exact value.
 * What rounds up to a dollar is shown as a dollar: `$1.00`.
 */
export function formatUsd(pico: bigint): string {
  const size = pico < 0n ? -pico : pico;
  const micros = roundHalfEven(size, 1_000_000n);
  const text = micros < 1_000_000n ? fixed(micros, 6) : fixed(roundHalfEven(size, 10_000_000_000n), 2);
  return `${pico < 0n ? "-" : ""}$${text}`;
}

function fixed(value: bigint, places: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(places + 1, "0");
  const point = digits.length - places;
  const text = places === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return value < 0n ? `-${text}` : text;
}

function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function reduce(value: Fraction): Fraction {
  let a = value.num < 0n ? -value.num : value.num;
  let b = value.den;
  while (b !== 0n) [a, b] = [b, a % b];
  return a <= 1n ? value : { num: value.num / a, den: value.den / a };
}
