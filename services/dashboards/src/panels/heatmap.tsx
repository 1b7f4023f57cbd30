import {
  dateTimeFormat,
  FieldColorModeId,
  formattedValueToString,
  getValueFormat,
  type GrafanaTheme2,
  PanelPlugin,
  type PanelProps,
  type TimeRange,
  type TimeZone,
} from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import { useEffect, useMemo, useRef } from 'react';

import { type Heat, heatOf, strength, xOf } from './heat';
import { NoData } from './NoData';
import { fieldOptions } from './options';

const LEFT = 64;
const BOTTOM = 22;

interface HeatmapOptions {
  yAxis?: { unit?: string; decimals?: number };
}

/** Dark to bright, as in Grafana's “Oranges”. */
const cellColor = (share: number): string => `hsl(${20 + share * 25} 95% ${18 + share * 52}%)`;

interface Drawing {
  heat: Heat;
  theme: GrafanaTheme2;
  width: number;
  height: number;
  range: TimeRange;
  zone: TimeZone;
  label: (bucket: string) => string;
}

function draw(canvas: CanvasRenderingContext2D, { heat, theme, width, height, range, zone, label }: Drawing): void {
  const [plotWidth, plotHeight] = [width - LEFT, height - BOTTOM];
  const rowHeight = plotHeight / heat.buckets.length;
  canvas.clearRect(0, 0, width, height);
  for (const { time, bucket, value } of heat.cells) {
    const left = Math.max(xOf(time, range, plotWidth), 0);
    const right = Math.min(xOf(time + heat.step, range, plotWidth), plotWidth);
    canvas.fillStyle = cellColor(strength(value, heat.max));
    canvas.fillRect(LEFT + left, plotHeight - (bucket + 1) * rowHeight, Math.max(right - left - 1, 1), rowHeight - 1);
  }

  canvas.fillStyle = theme.colors.text.primary;
  canvas.font = `12px ${theme.typography.fontFamily}`;
  canvas.textAlign = 'right';
  canvas.textBaseline = 'middle';
  const every = Math.ceil(16 / rowHeight);
  heat.buckets.forEach((bucket, index) => {
    if (index % every === 0) {
      canvas.fillText(label(bucket), LEFT - 8, plotHeight - (index + 0.5) * rowHeight);
    }
  });

  canvas.textAlign = 'center';
  const ticks = Math.max(Math.floor(plotWidth / 120), 1);
  for (let tick = 0; tick <= ticks; tick++) {
    const time = range.from.valueOf() + ((range.to.valueOf() - range.from.valueOf()) * tick) / ticks;
    const x = Math.min(LEFT + (plotWidth * tick) / ticks, width - 18);
    canvas.fillText(dateTimeFormat(time, { format: 'HH:mm', timeZone: zone }), x, height - BOTTOM / 2);
  }
}

function HeatmapPanel({ data, options, width, height, timeRange, timeZone }: PanelProps<HeatmapOptions>) {
  const theme = useTheme2();
  const canvas = useRef<HTMLCanvasElement>(null);
  const heat = useMemo(() => heatOf(data.series), [data.series]);
  const { unit, decimals } = options.yAxis ?? {};

  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (context && heat) {
      const format = getValueFormat(unit);
      const label = (bucket: string) =>
        bucket === '+Inf' ? '∞' : formattedValueToString(format(Number(bucket), decimals));
      const scale = window.devicePixelRatio;
      context.setTransform(scale, 0, 0, scale, 0, 0);
      draw(context, { heat, theme, width, height, range: timeRange, zone: timeZone, label });
    }
  }, [heat, theme, width, height, timeRange, timeZone, unit, decimals]);

  if (!heat) {
    return <NoData width={width} height={height} />;
  }
  const scale = window.devicePixelRatio;
  return <canvas ref={canvas} width={width * scale} height={height * scale} style={{ width, height }} data-heatmap />;
}

export const heatmapPanel = () =>
  new PanelPlugin(HeatmapPanel).useFieldConfig(fieldOptions({}, FieldColorModeId.Thresholds));
