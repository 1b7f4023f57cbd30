/** Pure transforms from Prometheus' answers to Grafana's data frames. */
import { createDataFrame, type DataFrame, DataFrameType, type Field, FieldType } from '@grafana/data';

import type { InstantSeries, Labels, RangeSeries, Sample } from './api';

export interface Grid {
  /** First point, Unix seconds. */
  start: number;
  /** Last point, Unix seconds. */
  end: number;
  /** Seconds between points. */
  step: number;
}

export interface FrameOptions {
  refId: string;
  /** `{{label}}` template; empty or `__auto`: named by metric and labels. */
  legend?: string;
  /** What was asked, shown by inspectors. */
  expr?: string;
}

/** Prometheus' text as a number; infinities are kept, NaN is a gap. */
export function parseValue(text: string): number | null {
  switch (text) {
    case '+Inf':
      return Infinity;
    case '-Inf':
      return -Infinity;
    case 'NaN':
      return null;
    default:
      return Number(text);
  }
}

/** The grid's times in milliseconds. */
export function gridTimes({ start, end, step }: Grid): number[] {
  const count = Math.floor((end - start) / step + 1e-9) + 1;
  return Array.from({ length: Math.max(count, 0) }, (_, index) => (start + index * step) * 1000);
}

/** Puts samples onto the grid; where Prometheus had none there is `null`, so that a gap is drawn as a gap. */
export function fillGrid(samples: Sample[], grid: Grid): Array<number | null> {
  const values = new Array<number | null>(gridTimes(grid).length).fill(null);
  for (const [time, text] of samples) {
    const index = Math.round((time - grid.start) / grid.step);
    if (index >= 0 && index < values.length) {
      values[index] = parseValue(text);
    }
  }
  return values;
}

/** `up{job="node"}`: how Prometheus itself writes a series. */
export function seriesName({ __name__: name = '', ...labels }: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return pairs.length || !name ? `${name}{${pairs.join(', ')}}` : name;
}

/** Fills a legend template; a label that the series lacks becomes nothing. */
export function legendName(labels: Labels, legend: string | undefined): string {
  if (!legend || legend === '__auto') {
    return seriesName(labels);
  }
  return legend.replace(/\{\{\s*([^}]+?)\s*\}\}/g, (_, label: string) => labels[label] ?? '');
}

function valueField(labels: Labels, values: Array<number | null>, options: FrameOptions): Field<number | null> {
  const named = Boolean(options.legend) && options.legend !== '__auto';
  const config = named ? { displayNameFromDS: legendName(labels, options.legend) } : {};
  return { name: 'Value', type: FieldType.number, labels, config, values };
}

function seriesFrame(times: number[], labels: Labels, values: Array<number | null>, options: FrameOptions): DataFrame {
  return createDataFrame({
    refId: options.refId,
    name: legendName(labels, options.legend),
    meta: { type: DataFrameType.TimeSeriesMulti, executedQueryString: options.expr },
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: times },
      valueField(labels, values, options),
    ],
  });
}

/** One frame a series, all on the same grid of times. */
export function rangeFrames(series: RangeSeries[], grid: Grid, options: FrameOptions): DataFrame[] {
  const times = gridTimes(grid);
  return series.map(({ metric, values }) => seriesFrame(times, metric, fillGrid(values, grid), options));
}

/** One frame a series with a single point: what a stat or gauge shows of an instant query. */
export function instantFrames(series: InstantSeries[], options: FrameOptions): DataFrame[] {
  return series.map(({ metric, value: [time, text] }) =>
    seriesFrame([time * 1000], metric, [parseValue(text)], options)
  );
}

/** One table: a row a sample, a column a label. `valueName` is `Value`, or `Value #A` beside other tables. */
export function tableFrame(series: RangeSeries[], valueName: string, options: FrameOptions): DataFrame {
  const labels = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const rows = series.flatMap(({ metric, values }) => values.map(([time, text]) => ({ metric, time, text })));
  return createDataFrame({
    refId: options.refId,
    meta: { preferredVisualisationType: 'table', executedQueryString: options.expr },
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: rows.map(({ time }) => time * 1000) },
      ...labels.map((name) => ({
        name,
        type: FieldType.string,
        config: { filterable: true },
        values: rows.map(({ metric }) => metric[name] ?? ''),
      })),
      { name: valueName, type: FieldType.number, config: {}, values: rows.map(({ text }) => parseValue(text)) },
    ],
  });
}

const bound = ({ metric }: RangeSeries): number => parseValue(metric.le ?? '') ?? NaN;

/**
 * A classic histogram's cumulative `le` series as the rows of a heatmap: one field a bucket, named by its upper bound,
 * each holding what fell into that bucket alone.
 */
export function heatmapFrame(series: RangeSeries[], grid: Grid, options: FrameOptions): DataFrame {
  const buckets = series.filter(({ metric }) => metric.le !== undefined).sort((a, b) => bound(a) - bound(b));
  const cumulative = buckets.map(({ values }) => fillGrid(values, grid));
  const fields = buckets.map(({ metric }, index) => ({
    name: metric.le ?? '',
    type: FieldType.number,
    config: {},
    labels: metric,
    values: (cumulative[index] ?? []).map((value, at) => {
      const below = cumulative[index - 1]?.[at] ?? 0;
      return value === null ? null : Math.max(value - below, 0);
    }),
  }));
  return createDataFrame({
    refId: options.refId,
    meta: { type: DataFrameType.HeatmapRows, executedQueryString: options.expr },
    fields: [{ name: 'Time', type: FieldType.time, config: {}, values: gridTimes(grid) }, ...fields],
  });
}
