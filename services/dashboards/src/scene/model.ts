/** Grafana's dashboard JSON (v1), as far as this page reads it. Everything may be absent: people write it by hand. */
import type { DataTransformerConfig, FieldConfigSource } from '@grafana/data';
import type { SceneDataQuery } from '@grafana/scenes';

export interface GridPosition {
  x?: number;
  y?: number;
  w?: number;
  h?: number;
}

export interface PanelJson {
  id?: number;
  type?: string;
  title?: string;
  description?: string;
  transparent?: boolean;
  gridPos?: GridPosition;
  datasource?: { type?: string; uid?: string } | string | null;
  targets?: Array<Partial<SceneDataQuery>>;
  options?: Record<string, unknown>;
  fieldConfig?: Partial<FieldConfigSource>;
  transformations?: DataTransformerConfig[];
  interval?: string;
  maxDataPoints?: number;
  /** Of rows only: a collapsed row holds its panels, an open one is followed by them. */
  collapsed?: boolean;
  panels?: PanelJson[];
}

export interface VariableJson {
  type: string;
  name: string;
  label?: string | null;
  description?: string | null;
  hide?: number;
  query?: unknown;
  regex?: string;
  refresh?: number;
  sort?: number;
  multi?: boolean;
  includeAll?: boolean;
  allValue?: string | null;
  auto?: boolean;
  auto_count?: number;
  auto_min?: string;
  current?: { text?: string | string[]; value?: string | string[] };
  options?: Array<{ text?: unknown; value?: unknown }>;
}

export interface DashboardJson {
  uid?: string;
  title?: string;
  description?: string;
  tags?: string[];
  panels?: PanelJson[];
  templating?: { list?: VariableJson[] };
  time?: { from?: string; to?: string };
  timezone?: string;
  refresh?: string | boolean;
  graphTooltip?: number;
}
