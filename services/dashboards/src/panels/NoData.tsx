import { useTheme2 } from '@grafana/ui';

interface Props {
  width: number;
  height: number;
  text?: string;
}

/** Says that a query was answered, but with nothing to draw. */
export function NoData({ width, height, text = 'No data' }: Props) {
  const theme = useTheme2();
  return (
    <div
      data-no-data
      style={{ width, height, display: 'grid', placeItems: 'center', color: theme.colors.text.secondary }}
    >
      {text}
    </div>
  );
}
