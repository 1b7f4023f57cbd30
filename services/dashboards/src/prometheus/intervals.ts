/** Steps and the `$__…` intervals, as Grafana computes them for Prometheus. All in seconds. */
import { rangeUtil } from '@grafana/data';

/** Prometheus answers no range query with more points than this. */
const MAX_POINTS = 11_000;

export interface Intervals {
  /** Distance of two points of the answer. */
  step: number;
  /** Safe window for `rate()`: always holds at least four scrapes. */
  rate: number;
  /** Length of the dashboard's time range. */
  range: number;
}

/** `15s`, `1m` or a bare number of seconds. */
export function seconds(text: string): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : rangeUtil.intervalToMs(text) / 1000;
}

/**
 * @param interval what fits the panel's width
 * @param minimum the target's own least step, if it has one
 * @param scrape how often targets are scraped
 */
export function intervals(range: number, interval: number, minimum: number | undefined, scrape: number): Intervals {
  const step = Math.max(interval, minimum ?? 0, Math.ceil(range / MAX_POINTS), 1);
  return { step, rate: Math.max(step + scrape, 4 * scrape), range: Math.round(range) };
}

/** Start and end moved onto multiples of the step, so that a refresh shows the same points again. */
export function align(start: number, end: number, step: number): [number, number] {
  return [Math.floor(start / step) * step, Math.floor(end / step) * step];
}
