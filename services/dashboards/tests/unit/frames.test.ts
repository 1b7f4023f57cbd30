import { DataFrameType, FieldType } from '@grafana/data';
import { describe, expect, it } from 'vitest';

import type { RangeSeries } from '../../src/prometheus/api';
import {
  fillGrid,
  gridTimes,
  heatmapFrame,
  instantFrames,
  legendName,
  parseValue,
  rangeFrames,
  seriesName,
  tableFrame,
} from '../../src/prometheus/frames';

const grid = { start: 60, end: 120, step: 15 };

describe('values', () => {
  it.each([
    ['1.5', 1.5],
    ['0', 0],
    ['-2e3', -2000],
    ['+Inf', Infinity],
    ['-Inf', -Infinity],
    ['NaN', null],
  ])('reads %s', (text, value) => expect(parseValue(text)).toBe(value));
});

describe('the grid', () => {
  it('holds every step in milliseconds, both ends included', () => {
    expect(gridTimes(grid)).toEqual([60_000, 75_000, 90_000, 105_000, 120_000]);
  });

  it('holds one point where start and end are the same', () => {
    expect(gridTimes({ start: 60, end: 60, step: 15 })).toEqual([60_000]);
  });

  it('survives steps that are no whole numbers', () => {
    expect(gridTimes({ start: 0, end: 0.3, step: 0.1 })).toHaveLength(4);
  });

  it('keeps a gap as a gap', () => {
    expect(fillGrid([[60, '1'], [75, '2'], [120, '5']], grid)).toEqual([1, 2, null, null, 5]);
  });

  it('is empty before the first sample and after the last', () => {
    expect(fillGrid([[90, '3']], grid)).toEqual([null, null, 3, null, null]);
  });

  it('draws what is not a number as a gap', () => {
    expect(fillGrid([[60, 'NaN'], [75, '1']], grid)).toEqual([null, 1, null, null, null]);
  });

  it('finds the place of a sample whose time is not exact', () => {
    expect(fillGrid([[74.999, '1']], grid)).toEqual([null, 1, null, null, null]);
  });

  it('drops samples outside', () => {
    expect(fillGrid([[45, '1'], [135, '2']], grid)).toEqual([null, null, null, null, null]);
  });
});

describe('names', () => {
  it.each([
    [{ __name__: 'up' }, 'up'],
    [{ __name__: 'up', job: 'node' }, 'up{job="node"}'],
    [{ job: 'node', pod: 'a' }, '{job="node", pod="a"}'],
    [{}, '{}'],
  ])('writes %o as Prometheus does', (labels, name) => expect(seriesName(labels as Record<string, string>)).toBe(name));

  it.each([
    ['{{job}} of {{ pod }}', 'node of a'],
    ['{{missing}}!', '!'],
    ['plain', 'plain'],
    ['__auto', '{job="node", pod="a"}'],
    ['', '{job="node", pod="a"}'],
  ])('fills the legend %s', (legend, name) => expect(legendName({ job: 'node', pod: 'a' }, legend)).toBe(name));
});

describe('frames', () => {
  const series: RangeSeries[] = [
    { metric: { pod: 'a' }, values: [[60, '1'], [120, '2']] },
    { metric: { pod: 'b', zone: 'x' }, values: [[60, '3']] },
  ];

  it('makes one a series, on common times', () => {
    const frames = rangeFrames(series, grid, { refId: 'A', legend: 'pod {{pod}}' });
    expect(frames.map(({ name }) => name)).toEqual(['pod a', 'pod b']);
    expect(frames.map(({ refId }) => refId)).toEqual(['A', 'A']);
    expect(frames[0]?.fields[0]?.values).toBe(frames[1]?.fields[0]?.values);
    expect(frames[0]?.fields[1]).toMatchObject({
      type: FieldType.number,
      labels: { pod: 'a' },
      config: { displayNameFromDS: 'pod a' },
      values: [1, null, null, null, 2],
    });
  });

  it('leaves naming to the panel where there is no legend', () => {
    const [frame] = rangeFrames(series, grid, { refId: 'A', legend: '__auto' });
    expect(frame?.fields[1]?.config.displayNameFromDS).toBeUndefined();
  });

  it('makes an instant one point', () => {
    const [frame] = instantFrames([{ metric: { pod: 'a' }, value: [60, '4'] }], { refId: 'B' });
    expect(frame?.fields.map(({ values }) => values)).toEqual([[60_000], [4]]);
  });

  it('makes a table of all labels, empty where a series lacks one', () => {
    const frame = tableFrame(series, 'Value #B', { refId: 'B' });
    expect(frame.fields.map(({ name }) => name)).toEqual(['Time', 'pod', 'zone', 'Value #B']);
    expect(frame.fields.map(({ values }) => values)).toEqual([
      [60_000, 120_000, 60_000],
      ['a', 'a', 'b'],
      ['', '', 'x'],
      [1, 2, 3],
    ]);
  });

  it('makes no rows of no series', () => {
    expect(tableFrame([], 'Value', { refId: 'A' }).length).toBe(0);
  });
});

describe('heatmaps', () => {
  const bucket = (le: string, ...counts: number[]): RangeSeries => ({
    metric: { le },
    values: counts.map((count, index) => [60 + index * 15, String(count)]),
  });

  it('sorts buckets by their bound and counts each alone', () => {
    const frame = heatmapFrame([bucket('+Inf', 10, 9), bucket('0.5', 4, 6), bucket('0.1', 1, 6)], { ...grid, end: 75 }, { refId: 'A' });
    expect(frame.meta?.type).toBe(DataFrameType.HeatmapRows);
    expect(frame.fields.map(({ name }) => name)).toEqual(['Time', '0.1', '0.5', '+Inf']);
    expect(frame.fields.slice(1).map(({ values }) => values)).toEqual([[1, 6], [3, 0], [6, 3]]);
  });

  it('never falls below nothing, and keeps gaps', () => {
    const frame = heatmapFrame([bucket('1', 5), bucket('+Inf', 4)], { ...grid, end: 75 }, { refId: 'A' });
    expect(frame.fields[2]?.values).toEqual([0, null]);
  });

  it('leaves out series without a bound', () => {
    const plain = { metric: { pod: 'a' }, values: [] };
    expect(heatmapFrame([plain, bucket('1', 1)], grid, { refId: 'A' }).fields).toHaveLength(2);
  });
});
