import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { Bar, Gauge, SegmentBar, segmentPlaces, Spark, Timeline } from "../../../../src/api/pages/charts/bars.tsx";

function segment(value: number) {
  return { name: "x", className: "k-input", value };
}

Deno.test("segmentPlaces() fills the bar, and leaves parts of nothing out", () => {
  const places = segmentPlaces([segment(1), segment(0), segment(3)]);
  deepEqual(places.map(({ x, width }) => [x, width]), [[0, 25], [25, 75]]);
  deepEqual(segmentPlaces([segment(0)]), []);
  equal(String(SegmentBar({ segments: [segment(2), segment(2)], label: "x" })).match(/<rect/g)?.length, 2);
});

Deno.test("Bar() shows a trace of what is small, and nothing of nothing", () => {
  match(String(Bar({ value: 1, max: 1_000_000 })), /width="0.8"/);
  match(String(Bar({ value: 0, max: 0 })), /width="0"/);
});

Deno.test("Gauge() stays in its box and says by its class when little is left", () => {
  match(String(Gauge({ percent: 130, label: "x" })), /class="level full" width="100"/);
  match(String(Gauge({ percent: 85, label: "x" })), /class="level high" width="85"/);
  match(String(Gauge({ percent: 10, label: 'a "b"' })), /aria-label="a &quot;b&quot;"/);
});

Deno.test("Spark() marks the last columns", () => {
  const classes = [...String(Spark({ values: [1, 2, 3], marked: 2 })).matchAll(/<rect class="(\w*)"/g)];
  deepEqual(classes.map(([, name]) => name), ["past", "", ""]);
});

Deno.test("Timeline() fills its length", () => {
  const found = [...String(Timeline({ ttftMs: 300, totalMs: 1_000, label: "x" })).matchAll(/ width="([\d.]+)"/g)];
  deepEqual(found.map(([, width]) => Number(width)), [30, 70]);
});
