/**
 * Small charts in one dimension: a bar in a table, columns over days, a bar of segments, a gauge. SVG in per cent of its box,
 * so that it needs no script and no inline style.
 *
 * Imports: hono/jsx, ./scale.ts.
 *
 * @module
 */

import { place } from "./scale.ts";

/** A share of the largest value of a table's column. Says nothing that the number beside it does not. */
export function Bar({ value, max, className = "" }: { value: number; max: number; className?: string }) {
  const width = max > 0 ? Math.max(value > 0 ? 0.8 : 0, (value / max) * 100) : 0;
  return (
    <svg class={className} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class="fill" width={place(width)} height="8" rx="1" />
    </svg>
  );
}

/** Columns over days, the last `marked` of them in colour. */
export function Spark({ values, marked }: { values: readonly number[]; marked: number }) {
  const max = Math.max(0, ...values);
  const step = 100 / Math.max(1, values.length);
  return (
    <svg class="spark" viewBox="0 0 100 32" preserveAspectRatio="none" aria-hidden="true">
      {values.map((value, i) => {
        const height = max > 0 ? Math.max(value > 0 ? 1.5 : 0.5, (value / max) * 32) : 0.5;
        return (
          <rect
            class={i >= values.length - marked ? "" : "past"}
            x={place(i * step + step * 0.12)}
            y={place(32 - height)}
            width={place(step * 0.76)}
            height={place(height)}
          />
        );
      })}
    </svg>
  );
}

/** A part of a whole. */
export interface Segment {
  readonly name: string;
  readonly className: string;
  readonly value: number;
}

/** Where each segment begins and how wide it is, in per cent; parts of nothing are left out. */
export function segmentPlaces(
  segments: readonly Segment[],
): { readonly segment: Segment; readonly x: number; readonly width: number }[] {
  const total = segments.reduce((sum, { value }) => sum + value, 0);
  let x = 0;
  return segments.filter(({ value }) => value > 0).map((segment) => {
    const width = (segment.value / total) * 100;
    const placed = { segment, x, width };
    x += width;
    return placed;
  });
}

/** A bar of segments. `label` says in words what it shows. */
export function SegmentBar({ segments, label }: { segments: readonly Segment[]; label: string }) {
  return (
    <svg class="segments" viewBox="0 0 100 18" preserveAspectRatio="none" role="img" aria-label={label}>
      {segmentPlaces(segments).map(({ segment, x, width }) => (
        <g class={segment.className}>
          <rect x={place(x)} width={place(Math.max(0.15, width - 0.2))} height="18" />
        </g>
      ))}
    </svg>
  );
}

/** How full something is, 0 to 100 and beyond. */
export function Gauge({ percent, label }: { percent: number; label: string }) {
  const level = percent >= 100 ? "level full" : percent >= 80 ? "level high" : "level";
  return (
    <svg class="gauge" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label={label}>
      <rect class="track" width="100" height="8" />
      <rect class={level} width={place(Math.min(100, Math.max(0, percent)))} height="8" />
    </svg>
  );
}

/** A call's time: the wait for the first byte, then the flow. */
export function Timeline({ ttftMs, totalMs, label }: { ttftMs: number; totalMs: number; label: string }) {
  const wait = totalMs > 0 ? Math.min(100, (ttftMs / totalMs) * 100) : 100;
  return (
    <svg class="timeline" viewBox="0 0 100 12" preserveAspectRatio="none" role="img" aria-label={label}>
      <rect class="wait" width={place(wait)} height="12" />
      <rect class="flow" x={place(wait)} width={place(100 - wait)} height="12" />
    </svg>
  );
}
