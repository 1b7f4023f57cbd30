/** Pure: a trace's spans as the rows of a waterfall. */
import type { SpanJson, Tag, TraceJson } from './api';

export interface Row {
  span: SpanJson;
  service: string;
  /** How deep below the root. */
  depth: number;
  /** Offset from the trace's start, share of the trace's duration. */
  left: number;
  /** Duration, share of the trace's duration. */
  width: number;
  failed: boolean;
}

export interface Waterfall {
  /** Microseconds since the epoch. */
  start: number;
  /** Microseconds. */
  duration: number;
  services: string[];
  rows: Row[];
}

const tagValue = (tags: Tag[], key: string) => tags.find((tag) => tag.key === key)?.value;

export const failed = ({ tags }: SpanJson): boolean =>
  tagValue(tags, 'error') === true || tagValue(tags, 'otel.status_code') === 'ERROR';

/** Children below their parents, siblings by start. A span whose parent is missing stands as a root. */
export function waterfall(trace: TraceJson): Waterfall {
  const start = Math.min(...trace.spans.map(({ startTime }) => startTime));
  const end = Math.max(...trace.spans.map(({ startTime, duration }) => startTime + duration));
  const duration = Math.max(end - start, 1);

  const known = new Set(trace.spans.map(({ spanID }) => spanID));
  const children = new Map<string, SpanJson[]>();
  for (const span of [...trace.spans].sort((a, b) => a.startTime - b.startTime)) {
    const parent = span.references.find(({ spanID }) => known.has(spanID) && spanID !== span.spanID)?.spanID ?? '';
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }

  const rows: Row[] = [];
  const visit = (span: SpanJson, depth: number): void => {
    rows.push({
      span,
      service: trace.processes[span.processID]?.serviceName ?? 'unknown',
      depth,
      left: (span.startTime - start) / duration,
      width: span.duration / duration,
      failed: failed(span),
    });
    children.get(span.spanID)?.forEach((child) => visit(child, depth + 1));
  };
  children.get('')?.forEach((root) => visit(root, 0));
  return { start, duration, services: [...new Set(rows.map(({ service }) => service))], rows };
}

/** Where a bar leaves room for its duration: after it, before it, or only on it. */
export function room({ left, width }: Pick<Row, 'left' | 'width'>): 'after' | 'before' | 'on' {
  return left + width <= 0.8 ? 'after' : left >= 0.2 ? 'before' : 'on';
}

/** `1.25 ms`: microseconds for people. */
export function readable(microseconds: number): string {
  const units: Array<[number, string]> = [
    [1_000_000, 's'],
    [1_000, 'ms'],
    [1, 'µs'],
  ];
  const [size, unit] = units.find(([size]) => microseconds >= size) ?? [1, 'µs'];
  return `${Number((microseconds / size).toPrecision(3))} ${unit}`;
}
