/**
 * Where things stand on a chart's axis. Pure.
 *
 * Imports nothing.
 *
 * @module
 */

/** Ticks from 0 upwards in equal steps of 1, 2, 2.5 or 5 times a power of ten; the last is at or above `max`. */
export function ticks(max: number, wanted = 4): number[] {
  if (!(max > 0) || !Number.isFinite(max)) return [0, 1];
  const rough = max / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.999) ?? 10 * power;
  const steps = Math.max(1, Math.ceil(max / step - 1e-9));
  return Array.from({ length: steps + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/** `count` indices spread over `length` places, the first and the last among them. */
export function spread(length: number, count: number): number[] {
  if (length <= count) return Array.from({ length }, (_, i) => i);
  return Array.from({ length: count }, (_, i) => Math.round((i * (length - 1)) / (count - 1)));
}

/** Rounded for a coordinate: two decimals are below a pixel on every screen. */
export function place(value: number): string {
  return String(Math.round(value * 100) / 100);
}
