import {
  type DataSourceApi,
  type DataSourceInstanceSettings,
  type DataSourcePluginMeta,
  type DataSourceRef,
  PluginType,
  type ScopedVars,
} from '@grafana/data';
import type { DataSourceSrv, GetDataSourceListFilters } from '@grafana/runtime';

import { endpoints } from '../endpoints';
import { PrometheusDataSource } from './datasource';

const meta: DataSourcePluginMeta = {
  id: 'prometheus',
  name: 'Prometheus',
  type: PluginType.datasource,
  metrics: true,
  module: '',
  baseUrl: '',
  info: {
    author: { name: '' },
    description: '',
    links: [],
    logos: { large: '', small: '' },
    screenshots: [],
    updated: '',
    version: '',
  },
};

export const prometheusSettings: DataSourceInstanceSettings = {
  uid: 'prometheus',
  type: 'prometheus',
  name: 'Prometheus',
  url: endpoints.prometheus,
  access: 'proxy',
  isDefault: true,
  readOnly: true,
  jsonData: {},
  meta,
};

/**
 * The platform has one source of metrics. A dashboard may name it as it likes (by uid, by variable, or not at all), as
 * long as it asks for Prometheus.
 */
export class DataSources implements DataSourceSrv {
  private readonly prometheus = new PrometheusDataSource(prometheusSettings);

  get(ref?: DataSourceRef | string | null, _scopedVars?: ScopedVars): Promise<DataSourceApi> {
    const type = typeof ref === 'object' ? ref?.type : undefined;
    if (type && type !== 'prometheus') {
      return Promise.reject(new Error(`This page shows Prometheus only: the data source ${type} is not supported`));
    }
    return Promise.resolve(this.prometheus);
  }

  getList(filters?: GetDataSourceListFilters): DataSourceInstanceSettings[] {
    const wanted = filters?.pluginId ?? filters?.type ?? 'prometheus';
    return [wanted].flat().includes('prometheus') ? [prometheusSettings] : [];
  }

  getInstanceSettings(): DataSourceInstanceSettings {
    return prometheusSettings;
  }

  reload(): Promise<void> {
    return Promise.resolve();
  }

  registerRuntimeDataSource(): void {
    throw new Error('The page has one data source');
  }
}
