/**
 * The `custom.*` field options of each visualisation with their defaults. As with the standard options, an option that
 * is not registered is ignored in overrides.
 */
import { FieldColorModeId, FieldConfigProperty, identityOverrideProcessor, type PanelPlugin } from '@grafana/data';

type Defaults = Record<string, unknown>;
type ColorMode = FieldColorModeId.PaletteClassic | FieldColorModeId.Thresholds;

const noEditor = () => null;

export function fieldOptions(custom: Defaults, color: ColorMode): Parameters<PanelPlugin['useFieldConfig']>[0] {
  return {
    standardOptions: { [FieldConfigProperty.Color]: { defaultValue: { mode: color } } },
    useCustomConfig: (builder) => {
      for (const [id, defaultValue] of Object.entries(custom)) {
        builder.addCustomEditor({
          id,
          path: id,
          name: id,
          defaultValue,
          editor: noEditor,
          override: noEditor,
          process: identityOverrideProcessor,
          shouldApply: () => true,
        });
      }
    },
  };
}

const hidden = { tooltip: false, viz: false, legend: false };

export const timeSeriesFields: Defaults = {
  drawStyle: 'line',
  lineInterpolation: 'linear',
  lineWidth: 1,
  lineStyle: { fill: 'solid' },
  fillOpacity: 0,
  fillBelowTo: undefined,
  gradientMode: 'none',
  spanNulls: false,
  insertNulls: false,
  showPoints: 'auto',
  pointSize: 5,
  barAlignment: 0,
  barWidthFactor: 0.6,
  stacking: { mode: 'none', group: 'A' },
  transform: undefined,
  axisPlacement: 'auto',
  axisLabel: '',
  axisWidth: undefined,
  axisSoftMin: undefined,
  axisSoftMax: undefined,
  axisColorMode: 'text',
  axisBorderShow: false,
  axisCenteredZero: false,
  axisGridShow: undefined,
  scaleDistribution: { type: 'linear' },
  thresholdsStyle: { mode: 'off' },
  hideFrom: hidden,
};

export const tableFields: Defaults = {
  width: undefined,
  minWidth: undefined,
  align: 'auto',
  cellOptions: { type: 'auto' },
  inspect: false,
  filterable: false,
  wrapHeaderText: false,
  hideFrom: hidden,
};
