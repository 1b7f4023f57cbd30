import type { PanelPlugin } from '@grafana/data';
import { sceneUtils } from '@grafana/scenes';

import { heatmapPanel } from './heatmap';
import { tablePanel } from './table';
import { textPanel } from './text';
import { timeSeriesPanel } from './timeseries';
import { barGaugePanel, gaugePanel, statPanel } from './values';

/** Every visualisation that this page draws, by the type that a dashboard's JSON names. */
export const panels: Record<string, () => PanelPlugin> = {
  bargauge: barGaugePanel,
  gauge: gaugePanel,
  heatmap: heatmapPanel,
  stat: statPanel,
  table: tablePanel,
  text: textPanel,
  timeseries: timeSeriesPanel,
};

export function registerPanels(): void {
  for (const [pluginId, plugin] of Object.entries(panels)) {
    sceneUtils.registerRuntimePanelPlugin({ pluginId, plugin: plugin() as PanelPlugin<object, object> });
  }
}
