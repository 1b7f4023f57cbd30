import {
  cacheFieldDisplayNames,
  type DataFrame,
  FieldColorModeId,
  FieldType,
  PanelPlugin,
  type PanelProps,
} from '@grafana/data';
import {
  LegendDisplayMode,
  type OptionsWithLegend,
  type OptionsWithTooltip,
  SortOrder,
  TooltipDisplayMode,
  type VizLegendOptions,
} from '@grafana/schema';
import {
  getFieldDisplayItems,
  TimeSeries,
  TooltipPlugin2,
  usePanelContext,
  VizTooltipContent,
  VizTooltipHeader,
  VizTooltipWrapper,
} from '@grafana/ui';
import { useMemo } from 'react';

import { NoData } from './NoData';
import { fieldOptions, timeSeriesFields } from './options';

/** `TooltipHoverMode` of @grafana/ui, a constant enum that its package does not carry at run time. */
const HOVER_ONE = 0;
const HOVER_ALL = 1;

type TimeSeriesOptions = Partial<OptionsWithLegend & OptionsWithTooltip>;

const legendDefaults: VizLegendOptions = {
  showLegend: true,
  displayMode: LegendDisplayMode.List,
  placement: 'bottom',
  calcs: [],
};

export const hasSeries = (frame: DataFrame): boolean =>
  frame.fields.some(({ type }) => type === FieldType.time) &&
  frame.fields.some(({ type, values }) => type === FieldType.number && values.some((value) => value !== null));

interface TooltipProps {
  frame: DataFrame;
  indexes: Array<number | null>;
  series: number | null;
  pinned: boolean;
  mode: TooltipDisplayMode;
  sort: SortOrder;
}

function Tooltip({ frame, indexes, series, pinned, mode, sort }: TooltipProps) {
  const time = frame.fields[0];
  if (!time) {
    return null;
  }
  const at = time.values[indexes[0] ?? 0] as number;
  const display = time.display?.(at).text ?? new Date(at).toLocaleString();
  return (
    <VizTooltipWrapper>
      <VizTooltipHeader item={{ label: display, value: '' }} isPinned={pinned} />
      <VizTooltipContent
        items={getFieldDisplayItems(frame.fields, time, indexes, series, mode, sort)}
        isPinned={pinned}
        scrollable={mode === TooltipDisplayMode.Multi}
        maxHeight={400}
      />
    </VizTooltipWrapper>
  );
}

function TimeSeriesPanel(props: PanelProps<TimeSeriesOptions>) {
  const { data, options, width, height, timeRange, timeZone, onChangeTimeRange } = props;
  const { sync, eventsScope } = usePanelContext();
  const frames = useMemo(() => {
    const drawable = data.series.filter(hasSeries);
    cacheFieldDisplayNames(drawable);
    return drawable;
  }, [data.series]);
  if (frames.length === 0) {
    return <NoData width={width} height={height} />;
  }
  const mode = options.tooltip?.mode ?? TooltipDisplayMode.Single;
  const legend = { ...legendDefaults, ...options.legend };
  return (
    <TimeSeries
      frames={frames}
      structureRev={data.structureRev}
      timeRange={timeRange}
      timeZone={timeZone}
      width={width}
      height={height}
      legend={legend}
      options={options}
    >
      {(config, frame) =>
        mode !== TooltipDisplayMode.None && (
          <TooltipPlugin2
            config={config}
            hoverMode={mode === TooltipDisplayMode.Single ? HOVER_ONE : HOVER_ALL}
            queryZoom={({ from, to }) => onChangeTimeRange({ from, to })}
            clientZoom
            syncMode={sync?.()}
            syncScope={eventsScope}
            render={(_plot, indexes, series, pinned) => (
              <Tooltip
                frame={frame}
                indexes={indexes}
                series={series}
                pinned={pinned}
                mode={mode}
                sort={options.tooltip?.sort ?? SortOrder.None}
              />
            )}
          />
        )
      }
    </TimeSeries>
  );
}

export const timeSeriesPanel = () =>
  new PanelPlugin(TimeSeriesPanel).useFieldConfig(fieldOptions(timeSeriesFields, FieldColorModeId.PaletteClassic));
