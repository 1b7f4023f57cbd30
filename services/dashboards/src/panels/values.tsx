/** Panels that show single numbers: stat, bar gauge and gauge. Each repeats itself over the values of its series. */
import {
  type DisplayValueAlignmentFactors,
  FieldColorModeId,
  type FieldDisplay,
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  PanelPlugin,
  type PanelProps,
  type ReduceDataOptions,
  VizOrientation,
} from '@grafana/data';
import {
  BarGauge,
  BarGaugeDisplayMode,
  BigValue,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  useTheme2,
  VizRepeater,
  type VizRepeaterRenderValueProps,
} from '@grafana/ui';
import type { ReactElement } from 'react';

import { GaugeDial } from './GaugeDial';
import { NoData } from './NoData';
import { fieldOptions } from './options';

interface ValueOptions {
  reduceOptions?: Partial<ReduceDataOptions>;
  orientation?: VizOrientation;
  text?: { titleSize?: number; valueSize?: number };
}

type Cell = VizRepeaterRenderValueProps<FieldDisplay, DisplayValueAlignmentFactors>;

interface RepeatedProps<Options extends ValueOptions> extends PanelProps<Options> {
  sparkline?: boolean;
  autoGrid?: boolean;
  children: (cell: Cell) => ReactElement;
}

function Repeated<Options extends ValueOptions>(props: RepeatedProps<Options>) {
  const { data, options, fieldConfig, replaceVariables, timeZone, width, height, renderCounter } = props;
  const theme = useTheme2();
  const values = () =>
    getFieldDisplayValues({
      data: data.series,
      reduceOptions: { calcs: ['lastNotNull'], values: false, ...options.reduceOptions },
      fieldConfig,
      replaceVariables,
      sparkline: props.sparkline,
      theme,
      timeZone,
    });
  if (data.series.length === 0) {
    return <NoData width={width} height={height} text={fieldConfig.defaults.noValue} />;
  }
  return (
    <VizRepeater
      source={data}
      getValues={values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={props.children}
      renderCounter={renderCounter}
      orientation={options.orientation ?? VizOrientation.Auto}
      autoGrid={props.autoGrid}
      width={width}
      height={height}
    />
  );
}

interface StatOptions extends ValueOptions {
  colorMode?: BigValueColorMode;
  graphMode?: BigValueGraphMode;
  justifyMode?: BigValueJustifyMode;
  textMode?: BigValueTextMode;
}

function StatPanel(props: PanelProps<StatOptions>) {
  const { options } = props;
  const theme = useTheme2();
  const graphMode = options.graphMode ?? BigValueGraphMode.Area;
  return (
    <Repeated {...props} autoGrid sparkline={graphMode !== BigValueGraphMode.None}>
      {({ value, width, height, alignmentFactors, count }) => (
        <BigValue
          value={value.display}
          sparkline={value.sparkline}
          colorMode={options.colorMode ?? BigValueColorMode.Value}
          graphMode={graphMode}
          justifyMode={options.justifyMode ?? BigValueJustifyMode.Auto}
          textMode={options.textMode ?? BigValueTextMode.Auto}
          text={options.text}
          alignmentFactors={alignmentFactors}
          count={count}
          width={width}
          height={height}
          theme={theme}
        />
      )}
    </Repeated>
  );
}

interface BarGaugeOptions extends ValueOptions {
  displayMode?: BarGaugeDisplayMode;
  showUnfilled?: boolean;
}

function BarGaugePanel(props: PanelProps<BarGaugeOptions>) {
  const { options } = props;
  const theme = useTheme2();
  return (
    <Repeated {...props}>
      {({ value, width, height, orientation, alignmentFactors }) => (
        <BarGauge
          value={value.display}
          field={value.field}
          display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)}
          displayMode={options.displayMode ?? BarGaugeDisplayMode.Gradient}
          showUnfilled={options.showUnfilled ?? true}
          orientation={orientation}
          text={options.text}
          alignmentFactors={alignmentFactors}
          width={width}
          height={height}
          theme={theme}
        />
      )}
    </Repeated>
  );
}

interface GaugeOptions extends ValueOptions {
  showThresholdMarkers?: boolean;
}

function GaugePanel(props: PanelProps<GaugeOptions>) {
  return (
    <Repeated {...props} autoGrid>
      {({ value, width, height, count }) => (
        <GaugeDial
          value={value}
          width={width}
          height={height}
          named={count > 1}
          markers={props.options.showThresholdMarkers ?? true}
        />
      )}
    </Repeated>
  );
}

const byThresholds = () => fieldOptions({}, FieldColorModeId.Thresholds);

export const statPanel = () => new PanelPlugin(StatPanel).useFieldConfig(byThresholds());
export const barGaugePanel = () => new PanelPlugin(BarGaugePanel).useFieldConfig(byThresholds());
export const gaugePanel = () => new PanelPlugin(GaugePanel).useFieldConfig(byThresholds());
