import { type FieldDisplay, formattedValueToString, ThresholdsMode } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';

import { arc, share } from './dial';

interface Props {
  value: FieldDisplay;
  width: number;
  height: number;
  /** Write the series' name below. */
  named: boolean;
  /** Draw the thresholds as an outer ring. */
  markers: boolean;
}

export function GaugeDial({ value: { display, field }, width, height, named, markers }: Props) {
  const theme = useTheme2();
  const size = Math.min(width, height * 1.15);
  const thickness = size * 0.1;
  const center = { x: width / 2, y: size / 2 };
  const radius = size / 2 - thickness - 4;
  const [min, max] = [field.min ?? 0, field.max ?? 100];
  const filled = share(display.numeric, min, max);
  const color = display.color ?? theme.colors.primary.main;

  const percent = field.thresholds?.mode === ThresholdsMode.Percentage;
  const steps = (field.thresholds?.steps ?? []).map(({ value, color }) => ({
    color: theme.visualization.getColorByName(color),
    from: value === -Infinity || value === null ? 0 : percent ? value / 100 : share(value, min, max),
  }));

  const stroke = { fill: 'none', strokeWidth: thickness };
  return (
    <svg width={width} height={height} role="img" aria-label={display.title ?? 'gauge'} data-gauge>
      <path d={arc(center, radius, 0, 1)} stroke={theme.colors.background.secondary} {...stroke} />
      {filled > 0 && <path d={arc(center, radius, 0, filled)} stroke={color} {...stroke} />}
      {markers &&
        steps.map(({ color, from }, index) => {
          const to = steps[index + 1]?.from ?? 1;
          const ring = arc(center, radius + thickness * 0.75, from, to);
          return to > from && <path key={from} d={ring} stroke={color} fill="none" strokeWidth={thickness * 0.2} />;
        })}
      <text
        x={center.x}
        y={center.y}
        textAnchor="middle"
        dominantBaseline="central"
        fontSize={size * 0.17}
        fontWeight={500}
        fill={color}
      >
        {formattedValueToString(display)}
      </text>
      {named && (
        <text x={center.x} y={height - 4} textAnchor="middle" fontSize={12} fill={theme.colors.text.primary}>
          {display.title}
        </text>
      )}
    </svg>
  );
}
