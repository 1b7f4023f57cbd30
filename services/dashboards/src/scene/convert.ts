/** From Grafana's dashboard JSON to a scene that draws itself. */
import { type DataSourceRef, DashboardCursorSync } from '@grafana/data';
import {
  behaviors,
  EmbeddedScene,
  SceneControlsSpacer,
  SceneDataTransformer,
  SceneGridItem,
  type SceneGridItemLike,
  SceneGridLayout,
  SceneGridRow,
  SceneQueryRunner,
  SceneRefreshPicker,
  SceneTimePicker,
  SceneTimeRange,
  SceneVariableSet,
  VariableValueSelectors,
  VizPanel,
} from '@grafana/scenes';

import type { DashboardJson, PanelJson } from './model';
import { convertVariable } from './variables';

const PANEL_WIDTH = 12;
const PANEL_HEIGHT = 8;
const GRID_WIDTH = 24;

const prometheus: DataSourceRef = { type: 'prometheus', uid: 'prometheus' };

/** A, B, … Z, AA, …: as Grafana names targets that have no name. */
export function refId(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : refId(Math.floor(index / 26) - 1) + letter;
}

function source({ datasource }: PanelJson): DataSourceRef {
  return datasource && typeof datasource === 'object' && datasource.type ? datasource : prometheus;
}

function dataOf(panel: PanelJson): SceneDataTransformer | SceneQueryRunner | undefined {
  if (!panel.targets?.length) {
    return undefined;
  }
  const runner = new SceneQueryRunner({
    datasource: source(panel),
    queries: panel.targets.map((target, index) => ({ ...target, refId: target.refId || refId(index) })),
    minInterval: panel.interval || undefined,
    maxDataPoints: panel.maxDataPoints || undefined,
    maxDataPointsFromWidth: true,
  });
  return panel.transformations?.length
    ? new SceneDataTransformer({ $data: runner, transformations: panel.transformations })
    : runner;
}

function vizPanel(panel: PanelJson, key: string): VizPanel {
  return new VizPanel({
    key,
    pluginId: panel.type ?? 'timeseries',
    title: panel.title ?? '',
    description: panel.description,
    options: panel.options ?? {},
    fieldConfig: { defaults: panel.fieldConfig?.defaults ?? {}, overrides: panel.fieldConfig?.overrides ?? [] },
    displayMode: panel.transparent ? 'transparent' : 'default',
    $data: dataOf(panel),
  });
}

function gridItem(panel: PanelJson, key: string): SceneGridItem {
  const { x = 0, y = 0, w = PANEL_WIDTH, h = PANEL_HEIGHT } = panel.gridPos ?? {};
  return new SceneGridItem({ x, y, width: w, height: h, body: vizPanel(panel, key) });
}

function gridRow(row: PanelJson, key: string, children: SceneGridItemLike[]): SceneGridRow {
  const { gridPos, title = '', collapsed = false } = row;
  const place = { x: 0, y: gridPos?.y ?? 0, width: GRID_WIDTH, height: 1 };
  return new SceneGridRow({ ...place, key, title, isCollapsed: collapsed, isCollapsible: true, children });
}

/** Panels into grid items. An open row takes the panels that follow it; ids may be absent, so keys count. */
export function convertPanels(panels: PanelJson[]): SceneGridItemLike[] {
  const items: SceneGridItemLike[] = [];
  let open: { row: PanelJson; key: string; children: SceneGridItemLike[] } | undefined;
  const close = () => {
    if (open) {
      items.push(gridRow(open.row, open.key, open.children));
    }
  };
  panels.forEach((panel, index) => {
    const key = `panel-${panel.id ?? 1000 + index}`;
    if (panel.type === 'row') {
      close();
      const children = (panel.panels ?? []).map((inner, at) => gridItem(inner, `panel-${inner.id ?? `${key}-${at}`}`));
      open = { row: panel, key, children };
    } else {
      (open?.children ?? items).push(gridItem(panel, key));
    }
  });
  close();
  return items;
}

export function convertDashboard(json: DashboardJson): EmbeddedScene {
  const variables = (json.templating?.list ?? []).flatMap((variable) => convertVariable(variable) ?? []);
  return new EmbeddedScene({
    key: json.uid,
    $timeRange: new SceneTimeRange({
      from: json.time?.from ?? 'now-1h',
      to: json.time?.to ?? 'now',
      timeZone: json.timezone || 'browser',
    }),
    $variables: new SceneVariableSet({ variables }),
    $behaviors: [new behaviors.CursorSync({ sync: json.graphTooltip ?? DashboardCursorSync.Off })],
    controls: [
      new VariableValueSelectors({}),
      new SceneControlsSpacer(),
      new SceneTimePicker({ isOnCanvas: true }),
      new SceneRefreshPicker({
        refresh: typeof json.refresh === 'string' ? json.refresh : '',
        intervals: ['5s', '15s', '30s', '1m', '5m'],
        isOnCanvas: true,
      }),
    ],
    body: new SceneGridLayout({ children: convertPanels(json.panels ?? []), isLazy: true }),
  });
}
