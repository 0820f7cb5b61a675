/**
 * A stacked area over days as SVG, computed on the server. Labels stand in HTML beside it, so that they keep their size at
 * every width; the same figures stand in a table below it.
 *
 * Imports: hono/jsx, ./scale.ts.
 *
 * @module
 */

import { place, spread, ticks } from "./scale.ts";

/** One layer; `values` has one number a day, zero or more. */
export interface Layer {
  readonly name: string;
  /** Colours it. */
  readonly className: string;
  readonly values: readonly number[];
}

/** One day: its label, what a tooltip says of it and where a click leads. */
export interface DayMark {
  readonly label: string;
  readonly title: string;
  readonly href: string;
}

const WIDTH = 1000;
const HEIGHT = 240;

/**
 * Outlines of the layers, the first at the bottom, in a box of `width` × `height`.
 *
 * @param top The value at the upper edge, greater than zero.
 * @returns One closed path for each layer.
 */
export function stackedPaths(layers: readonly Layer[], top: number, width: number, height: number): string[] {
  const days = Math.max(0, ...layers.map(({ values }) => values.length));
  const x = (day: number) => place(days < 2 ? day * width : (day * width) / (days - 1));
  const y = (value: number) => place(height - (value / top) * height);
  const floor = new Array<number>(days).fill(0);
  return layers.map(({ values }) => {
    const lower = [...floor];
    for (let day = 0; day < days; day++) floor[day] = (floor[day] ?? 0) + Math.max(0, values[day] ?? 0);
    const points = (line: readonly number[]) => line.map((value, day) => `${x(day)} ${y(value)}`);
    if (days === 0) return "";
    return `M${[...points(floor), ...points(lower).reverse()].join("L")}Z`;
  });
}

/** The chart. `formatTick` labels a value of the axis. */
export function AreaChart({ layers, days, formatTick }: {
  layers: readonly Layer[];
  days: readonly DayMark[];
  formatTick: (value: number) => string;
}) {
  const totals = days.map((_, day) => layers.reduce((sum, { values }) => sum + (values[day] ?? 0), 0));
  const axis = ticks(Math.max(0, ...totals));
  const top = axis.at(-1) ?? 1;
  const paths = stackedPaths(layers, top, WIDTH, HEIGHT);
  const step = WIDTH / Math.max(1, days.length - 1);
  return (
    <div class="plot" aria-hidden="true">
      <div class="y">{axis.map((value) => <span>{formatTick(value)}</span>)}</div>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none">
        {axis.map((value) => {
          const y = place(HEIGHT - (value / top) * HEIGHT);
          return <line class="gridline" x1="0" x2={WIDTH} y1={y} y2={y} />;
        })}
        {paths.map((path, i) => <path class={`area ${layers[i]?.className ?? ""}`} d={path} />)}
        {days.map(({ title, href }, day) => (
          <a href={href} tabindex={-1}>
            <rect class="hit" x={place((day - 0.5) * step)} y="0" width={place(step)} height={HEIGHT}>
              <title>{title}</title>
            </rect>
          </a>
        ))}
      </svg>
      <div class="x">{spread(days.length, 5).map((day) => <span>{days[day]?.label}</span>)}</div>
    </div>
  );
}
