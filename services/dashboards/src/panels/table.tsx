import { cacheFieldDisplayNames, FieldColorModeId, PanelPlugin, type PanelProps } from '@grafana/data';
import type { TableSortByFieldState } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { useMemo } from 'react';

import { NoData } from './NoData';
import { fieldOptions, tableFields } from './options';

interface TableOptions {
  showHeader?: boolean;
  frameIndex?: number;
  sortBy?: TableSortByFieldState[];
  cellHeight?: 'sm' | 'md' | 'lg';
}

function TablePanel(props: PanelProps<TableOptions>) {
  const { data, options, width, height, timeRange, fieldConfig, onOptionsChange } = props;
  const frame = useMemo(() => {
    cacheFieldDisplayNames(data.series);
    return data.series[options.frameIndex ?? 0] ?? data.series[0];
  }, [data.series, options.frameIndex]);
  if (!frame?.length) {
    return <NoData width={width} height={height} />;
  }
  return (
    <TableNG
      data={frame}
      width={width}
      height={height}
      noHeader={options.showHeader === false}
      sortBy={options.sortBy}
      onSortByChange={(sortBy) => onOptionsChange({ ...options, sortBy })}
      cellHeight={(options.cellHeight ?? 'sm') as Parameters<typeof TableNG>[0]['cellHeight']}
      structureRev={data.structureRev}
      timeRange={timeRange}
      fieldConfig={fieldConfig}
      resizable
    />
  );
}

export const tablePanel = () =>
  new PanelPlugin(TablePanel).useFieldConfig(fieldOptions(tableFields, FieldColorModeId.Thresholds));
