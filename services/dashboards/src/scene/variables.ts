import type { VariableHide } from '@grafana/data';
import type { VariableRefresh, VariableSort } from '@grafana/schema';
import {
  ConstantVariable,
  CustomVariable,
  DataSourceVariable,
  IntervalVariable,
  QueryVariable,
  type SceneVariable,
  TextBoxVariable,
} from '@grafana/scenes';

import type { VariableJson } from './model';

/** Grafana writes “all values” as this. */
export const ALL = '$__all';

/** A stored query is plain text or an object that holds it. */
function text(query: unknown): string {
  if (typeof query === 'string') {
    return query;
  }
  const inner = (query as { query?: unknown } | undefined)?.query;
  return typeof inner === 'string' ? inner : '';
}

/** One dashboard variable; kinds that need Grafana's server (ad hoc filters, group by) are left out. */
export function convertVariable(json: VariableJson): SceneVariable | undefined {
  const common = {
    name: json.name,
    label: json.label ?? undefined,
    description: json.description ?? undefined,
    hide: json.hide as VariableHide | undefined,
  };
  const choice = {
    ...common,
    value: json.current?.value ?? (json.includeAll ? ALL : ''),
    text: json.current?.text ?? (json.includeAll ? 'All' : ''),
    isMulti: json.multi ?? false,
    includeAll: json.includeAll ?? false,
    allValue: json.allValue || undefined,
    defaultToAll: json.includeAll && !json.current?.value,
  };
  switch (json.type) {
    case 'query':
      return new QueryVariable({
        ...choice,
        query: text(json.query),
        datasource: { type: 'prometheus', uid: 'prometheus' },
        regex: json.regex ?? '',
        refresh: (json.refresh ?? 1) as VariableRefresh,
        sort: (json.sort ?? 0) as VariableSort,
      });
    case 'custom':
      return new CustomVariable({ ...choice, query: text(json.query) });
    case 'datasource':
      return new DataSourceVariable({ ...choice, pluginId: text(json.query) || 'prometheus', regex: json.regex ?? '' });
    case 'interval':
      return new IntervalVariable({
        ...common,
        value: String(json.current?.value ?? ''),
        intervals: text(json.query).split(',').filter(Boolean),
        autoEnabled: json.auto ?? false,
        autoStepCount: json.auto_count ?? 30,
        autoMinInterval: json.auto_min ?? '10s',
      });
    case 'constant':
      return new ConstantVariable({ ...common, value: text(json.query) });
    case 'textbox':
      return new TextBoxVariable({ ...common, value: String(json.current?.value ?? text(json.query)) });
    default:
      return undefined;
  }
}
