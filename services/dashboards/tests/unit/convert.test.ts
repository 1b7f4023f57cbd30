import {
  EmbeddedScene,
  IntervalVariable,
  QueryVariable,
  SceneDataTransformer,
  SceneGridItem,
  SceneGridLayout,
  SceneGridRow,
  SceneQueryRunner,
  SceneRefreshPicker,
  SceneTimeRange,
  VizPanel,
} from '@grafana/scenes';
import { describe, expect, it } from 'vitest';

import { convertDashboard, convertPanels, refId } from '../../src/scene/convert';
import type { PanelJson } from '../../src/scene/model';
import { ALL, convertVariable } from '../../src/scene/variables';

const bodyOf = (panel: PanelJson): VizPanel => {
  const [item] = convertPanels([panel]);
  return (item as SceneGridItem).state.body as VizPanel;
};

describe('panels', () => {
  it('keeps place, type, title, options and overrides', () => {
    const overrides = [{ matcher: { id: 'byName', options: 'x' }, properties: [{ id: 'unit', value: 's' }] }];
    const panel: PanelJson = {
      id: 7,
      type: 'stat',
      title: 'Up',
      gridPos: { x: 6, y: 2, w: 4, h: 5 },
      options: { colorMode: 'value' },
      fieldConfig: { defaults: { unit: 'bytes' }, overrides },
    };
    const [item] = convertPanels([panel]);
    expect(item?.state).toMatchObject({ x: 6, y: 2, width: 4, height: 5 });
    expect(bodyOf(panel).state).toMatchObject({
      key: 'panel-7',
      pluginId: 'stat',
      title: 'Up',
      options: { colorMode: 'value' },
      fieldConfig: { defaults: { unit: 'bytes' }, overrides },
    });
  });

  it('places a panel that names no place, and tells panels without ids apart', () => {
    const items = convertPanels([{ title: 'a' }, { title: 'b', gridPos: { y: 8 } }]) as SceneGridItem[];
    expect(items.map(({ state }) => [state.x, state.y, state.width, state.height])).toEqual([
      [0, 0, 12, 8],
      [0, 8, 12, 8],
    ]);
    expect(new Set(items.map(({ state }) => state.body?.state.key)).size).toBe(2);
  });

  it('asks nothing for a panel without targets', () => {
    expect(bodyOf({ type: 'text', options: { content: 'x' } }).state.$data).toBeUndefined();
  });

  it('names targets that have no name', () => {
    const runner = bodyOf({ targets: [{ expr: 'a' }, { expr: 'b', refId: 'Z' }] }).state.$data as SceneQueryRunner;
    expect(runner.state.queries.map((query) => query.refId)).toEqual(['A', 'Z']);
    expect(runner.state.datasource).toEqual({ type: 'prometheus', uid: 'prometheus' });
  });

  it('transforms what was asked', () => {
    const $data = bodyOf({ targets: [{ expr: 'a' }], transformations: [{ id: 'merge', options: {} }] }).state.$data;
    expect($data).toBeInstanceOf(SceneDataTransformer);
    expect($data?.state.$data).toBeInstanceOf(SceneQueryRunner);
  });

  it.each([
    [0, 'A'],
    [25, 'Z'],
    [26, 'AA'],
    [52, 'BA'],
  ])('calls target %i %s', (index, name) => expect(refId(index)).toBe(name));
});

describe('rows', () => {
  const panel = (title: string): PanelJson => ({ title, gridPos: { x: 0, y: 1, w: 12, h: 8 } });

  it('takes the panels that follow an open row, up to the next one', () => {
    const items = convertPanels([
      panel('before'),
      { type: 'row', title: 'One', gridPos: { y: 8 } },
      panel('a'),
      panel('b'),
      { type: 'row', title: 'Two', gridPos: { y: 30 } },
    ]);
    expect(items.map((item) => item.constructor)).toEqual([SceneGridItem, SceneGridRow, SceneGridRow]);
    const [, one, two] = items as SceneGridRow[];
    expect(one?.state).toMatchObject({ title: 'One', isCollapsed: false });
    expect(one?.state.children).toHaveLength(2);
    expect(two?.state.children).toHaveLength(0);
  });

  it('takes the panels that a closed row holds', () => {
    const [row] = convertPanels([{ type: 'row', title: 'One', collapsed: true, panels: [panel('a')] }]) as SceneGridRow[];
    expect(row?.state.isCollapsed).toBe(true);
    expect(row?.state.children).toHaveLength(1);
  });
});

describe('variables', () => {
  it('reads a query, plain or as an object', () => {
    for (const query of ['label_values(up, job)', { query: 'label_values(up, job)', refId: 'x' }]) {
      const variable = convertVariable({ type: 'query', name: 'job', query }) as QueryVariable;
      expect(variable).toBeInstanceOf(QueryVariable);
      expect(variable.state.query).toBe('label_values(up, job)');
    }
  });

  it('starts with everything where everything may be chosen', () => {
    const variable = convertVariable({ type: 'query', name: 'job', multi: true, includeAll: true, allValue: '.+' });
    expect(variable?.state).toMatchObject({ value: ALL, text: 'All', isMulti: true, allValue: '.+' });
  });

  it('keeps what was chosen', () => {
    const current = { text: 'b', value: 'b' };
    expect(convertVariable({ type: 'custom', name: 'x', query: 'a,b', current })?.state).toMatchObject({ value: 'b' });
  });

  it('reads intervals', () => {
    const variable = convertVariable({ type: 'interval', name: 'i', query: '1m,5m', current: { value: '5m' } });
    expect((variable as IntervalVariable).state).toMatchObject({ intervals: ['1m', '5m'], value: '5m' });
  });

  it.each(['constant', 'textbox', 'datasource'])('knows %s', (type) => {
    expect(convertVariable({ type, name: 'x', query: 'y' })?.state.name).toBe('x');
  });

  it.each(['adhoc', 'groupby', 'newer'])('leaves out %s', (type) => {
    expect(convertVariable({ type, name: 'x' })).toBeUndefined();
  });
});

describe('the dashboard', () => {
  it('takes time, refresh and variables', () => {
    const scene = convertDashboard({
      uid: 'x',
      time: { from: 'now-6h', to: 'now' },
      refresh: '30s',
      templating: { list: [{ type: 'custom', name: 'a', query: '1,2' }, { type: 'adhoc', name: 'b' }] },
      panels: [{ type: 'stat' }],
    });
    expect(scene).toBeInstanceOf(EmbeddedScene);
    expect((scene.state.$timeRange as SceneTimeRange).state).toMatchObject({ from: 'now-6h', to: 'now' });
    expect(scene.state.$variables?.state.variables.map(({ state }) => state.name)).toEqual(['a']);
    const picker = scene.state.controls?.find((control) => control instanceof SceneRefreshPicker);
    expect((picker as SceneRefreshPicker).state.refresh).toBe('30s');
  });

  it('is a dashboard even when the file says nothing', () => {
    const scene = convertDashboard({});
    expect((scene.state.$timeRange as SceneTimeRange).state.from).toBe('now-1h');
    expect((scene.state.body as SceneGridLayout).state.children).toEqual([]);
  });
});
