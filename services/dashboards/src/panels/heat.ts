/** Pure parts of the heatmap: which cells there are and how strong each is. */
import { type DataFrame, DataFrameType, FieldType, type TimeRange } from '@grafana/data';

export interface HeatCell {
  /** Milliseconds. */
  time: number;
  /** Index of the bucket, from below. */
  bucket: number;
  value: number;
}

export interface Heat {
  buckets: string[];
  /** Milliseconds a cell is wide. */
  step: number;
  max: number;
  cells: HeatCell[];
}

const isBuckets = ({ meta }: DataFrame): boolean => meta?.type === DataFrameType.HeatmapRows;

/** The first frame of bucket rows as cells; buckets and moments without observations have no cell. */
export function heatOf(series: DataFrame[]): Heat | undefined {
  const frame = series.find(isBuckets) ?? series.find(({ fields }) => fields.length > 2);
  const times = frame?.fields.find(({ type }) => type === FieldType.time)?.values as number[] | undefined;
  const rows = frame?.fields.filter(({ type }) => type === FieldType.number) ?? [];
  if (!times || times.length < 2) {
    return undefined;
  }
  const cells = rows.flatMap(({ values }, bucket) =>
    times.flatMap((time, index) => {
      const value = values[index] as number | null;
      return value ? [{ time, bucket, value }] : [];
    })
  );
  if (cells.length === 0) {
    return undefined;
  }
  const max = cells.reduce((most, { value }) => Math.max(most, value), 0);
  return { buckets: rows.map(({ name }) => name), step: (times[1] ?? 0) - (times[0] ?? 0), max, cells };
}

export const strength = (value: number, max: number): number => Math.sqrt(value / max);

/** Left edge of a moment in an area `width` pixels wide. */
export const xOf = (time: number, { from, to }: TimeRange, width: number): number =>
  ((time - from.valueOf()) / (to.valueOf() - from.valueOf())) * width;
