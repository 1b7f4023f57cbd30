import {
  applyFieldOverrides,
  createDataFrame,
  createTheme,
  DataFrameType,
  dateTime,
  FieldType,
  standardFieldConfigEditorRegistry,
} from '@grafana/data';
import { beforeAll, describe, expect, it } from 'vitest';

import { standardFieldOptions } from '../../src/boot/fieldConfig';
import { arc, share } from '../../src/panels/dial';
import { heatOf, strength, xOf } from '../../src/panels/heat';
import { panels } from '../../src/panels/register';
import { hasSeries } from '../../src/panels/timeseries';
import { unknownPanel } from '../../src/panels/unknown';

beforeAll(() => standardFieldConfigEditorRegistry.setInit(standardFieldOptions));

const numbers = (name: string, values: Array<number | null>) => ({ name, type: FieldType.number, config: {}, values });
const times = (...values: number[]) => ({ name: 'Time', type: FieldType.time, config: {}, values });

describe('field options', () => {
  const shown = (pluginId: string, fieldConfig: Parameters<typeof applyFieldOverrides>[0]['fieldConfig']) => {
    const [frame] = applyFieldOverrides({
      data: [createDataFrame({ fields: [times(0), numbers('x', [2048])] })],
      fieldConfig,
      fieldConfigRegistry: panels[pluginId]?.().fieldConfigRegistry,
      replaceVariables: (text) => text,
      theme: createTheme(),
    });
    return frame?.fields[1];
  };

  it('applies units', () => {
    const display = shown('stat', { defaults: { unit: 'bytes', decimals: 0 }, overrides: [] })?.display?.(2048);
    expect(display).toMatchObject({ text: '2', suffix: ' KiB' });
  });

  it('applies thresholds', () => {
    const steps = [
      { value: -Infinity, color: '#111111' },
      { value: 1000, color: '#222222' },
    ];
    const defaults = { color: { mode: 'thresholds' }, thresholds: { mode: 'absolute', steps } } as never;
    expect(shown('stat', { defaults, overrides: [] })?.display?.(2048).color).toBe('#222222');
  });

  it.each([
    ['timeseries', 'custom.lineWidth', 3, 'lineWidth'],
    ['timeseries', 'custom.axisPlacement', 'right', 'axisPlacement'],
    ['table', 'custom.width', 120, 'width'],
  ])('overrides %s’ %s', (pluginId, id, value, path) => {
    const overrides = [{ matcher: { id: 'byName', options: 'x' }, properties: [{ id, value }] }];
    expect(shown(pluginId, { defaults: { custom: {} }, overrides })?.config.custom).toHaveProperty(path, value);
  });

  it('registers each option once', () => {
    const ids = standardFieldOptions().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('panels', () => {
  it('has one for every type that it says', () => {
    for (const make of Object.values(panels)) {
      expect(make().panel).toBeTruthy();
    }
  });

  it('has something to show for a type that it does not know', () => {
    expect(unknownPanel('flamegraph').meta.id).toBe('flamegraph');
    expect(unknownPanel('flamegraph').panel).toBeTruthy();
  });

  it('draws series that have a number', () => {
    expect(hasSeries(createDataFrame({ fields: [times(0, 1), numbers('x', [null, 1])] }))).toBe(true);
    expect(hasSeries(createDataFrame({ fields: [times(0, 1), numbers('x', [null, null])] }))).toBe(false);
    expect(hasSeries(createDataFrame({ fields: [numbers('x', [1])] }))).toBe(false);
  });
});

describe('the dial', () => {
  it.each([
    [50, 0, 100, 0.5],
    [-5, 0, 100, 0],
    [500, 0, 100, 1],
    [5, 5, 5, 0],
    [15, 10, 20, 0.5],
  ])('puts %d of %d to %d at %d', (value, min, max, at) => expect(share(value, min, max)).toBe(at));

  it('takes the long way round where it is longer than half', () => {
    expect(arc({ x: 0, y: 0 }, 10, 0, 1)).toContain('0 1 1');
    expect(arc({ x: 0, y: 0 }, 10, 0, 0.5)).toContain('0 0 1');
  });
});

describe('the heatmap', () => {
  const frame = createDataFrame({
    meta: { type: DataFrameType.HeatmapRows },
    fields: [times(0, 15_000), numbers('1', [0, 4]), numbers('+Inf', [1, null])],
  });

  it('has a cell for what was seen', () => {
    expect(heatOf([frame])).toEqual({
      buckets: ['1', '+Inf'],
      step: 15_000,
      max: 4,
      cells: [
        { time: 15_000, bucket: 0, value: 4 },
        { time: 0, bucket: 1, value: 1 },
      ],
    });
  });

  it('has nothing to draw of nothing', () => {
    expect(heatOf([])).toBeUndefined();
    expect(heatOf([createDataFrame({ fields: [times(0, 1), numbers('1', [0, 0]), numbers('2', [0, 0])] })])).toBeUndefined();
  });

  it('places and weighs cells', () => {
    const range = { from: dateTime(0), to: dateTime(100), raw: { from: '', to: '' } };
    expect(xOf(25, range, 400)).toBe(100);
    expect(strength(1, 4)).toBe(0.5);
  });
});
