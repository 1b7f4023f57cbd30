/** Prometheus as a Grafana data source that asks it directly, without Grafana's server in between. */
import {
  type DataFrame,
  type DataQuery,
  type DataQueryError,
  type DataQueryRequest,
  type DataQueryResponse,
  DataSourceApi,
  type DataSourceInstanceSettings,
  getDefaultTimeRange,
  type LegacyMetricFindQueryOptions,
  LoadingState,
  type MetricFindValue,
  type ScopedVars,
} from '@grafana/data';
import { getTemplateSrv, toDataQueryError } from '@grafana/runtime';
import { Observable } from 'rxjs';

import { PrometheusApi, type QueryResult, type RangeSeries } from './api';
import { promqlFormat } from './format';
import { type FrameOptions, heatmapFrame, instantFrames, rangeFrames, tableFrame } from './frames';
import { align, intervals, type Intervals, seconds } from './intervals';
import { findValues, queryText, type VariableQuery } from './variables';

/** A target of a panel, as dashboards store it. */
export interface PrometheusQuery extends DataQuery {
  expr?: string;
  instant?: boolean;
  range?: boolean;
  format?: 'time_series' | 'table' | 'heatmap';
  legendFormat?: string;
  /** Least step, such as `30s`. */
  interval?: string;
}

/** How often targets are scraped: the platform's own setting. */
const SCRAPE_SECONDS = 15;

function scoped(variables: ScopedVars, { step, rate, range }: Intervals): ScopedVars {
  const interval = (value: number) => ({ text: `${value}s`, value: `${value}s` });
  const number = (value: number) => ({ text: String(value), value });
  return {
    ...variables,
    __interval: interval(step),
    __interval_ms: number(step * 1000),
    __rate_interval: interval(rate),
    __rate_interval_ms: number(rate * 1000),
    __range: interval(range),
    __range_s: number(range),
    __range_ms: number(range * 1000),
  };
}

/** A range's series as they are, an instant's with its one sample. */
function asSeries(answer: QueryResult): RangeSeries[] {
  switch (answer.resultType) {
    case 'matrix':
      return answer.result;
    case 'vector':
      return answer.result.map(({ metric, value }) => ({ metric, values: [value] }));
    default:
      return [{ metric: {}, values: [answer.result] }];
  }
}

export class PrometheusDataSource extends DataSourceApi<PrometheusQuery> {
  private readonly api: PrometheusApi;

  constructor(settings: DataSourceInstanceSettings) {
    super(settings);
    this.api = new PrometheusApi(settings.url ?? '');
    this.interval = `${SCRAPE_SECONDS}s`;
  }

  override query(request: DataQueryRequest<PrometheusQuery>): Observable<DataQueryResponse> {
    return new Observable((subscriber) => {
      const abort = new AbortController();
      void this.ask(request, abort.signal).then((response) => {
        if (!abort.signal.aborted) {
          subscriber.next(response);
          subscriber.complete();
        }
      });
      return () => abort.abort();
    });
  }

  override async metricFindQuery(
    query: VariableQuery,
    options?: LegacyMetricFindQueryOptions
  ): Promise<MetricFindValue[]> {
    const range = options?.range ?? getDefaultTimeRange();
    const [start, end] = [range.from.unix(), range.to.unix()];
    const variables = scoped(options?.scopedVars ?? {}, intervals(end - start, SCRAPE_SECONDS, undefined, SCRAPE_SECONDS));
    const text = getTemplateSrv().replace(queryText(query), variables, promqlFormat);
    return findValues(this.api, text, start, end);
  }

  override async testDatasource() {
    await this.api.query('vector(1)', Date.now() / 1000);
    return { status: 'success' as const, message: 'Prometheus answers' };
  }

  private async ask(request: DataQueryRequest<PrometheusQuery>, signal: AbortSignal): Promise<DataQueryResponse> {
    const targets = request.targets.filter(({ expr, hide }) => expr && !hide);
    const tables = targets.filter(({ format }) => format === 'table').length;
    const errors: DataQueryError[] = [];
    const answers = await Promise.all(
      targets.map(async (target) => {
        try {
          return await this.frames(target, request, tables > 1 ? `Value #${target.refId}` : 'Value', signal);
        } catch (error) {
          errors.push({ refId: target.refId, message: toDataQueryError(error).message });
          return [];
        }
      })
    );
    return { data: answers.flat(), errors, state: errors.length ? LoadingState.Error : LoadingState.Done };
  }

  private async frames(
    target: PrometheusQuery,
    request: DataQueryRequest<PrometheusQuery>,
    valueName: string,
    signal: AbortSignal
  ): Promise<DataFrame[]> {
    const templates = getTemplateSrv();
    const [from, to] = [request.range.from.valueOf() / 1000, request.range.to.valueOf() / 1000];
    const minimum = target.interval ? seconds(templates.replace(target.interval, request.scopedVars)) : undefined;
    const found = intervals(to - from, request.intervalMs / 1000, minimum, SCRAPE_SECONDS);
    const variables = scoped(request.scopedVars, found);
    const expr = templates.replace(target.expr, variables, promqlFormat);
    const legend = templates.replace(target.legendFormat, variables);
    const options: FrameOptions = { refId: target.refId, legend, expr };

    if (target.instant) {
      const answer = await this.api.query(expr, to, signal);
      if (target.format === 'table') {
        return [tableFrame(asSeries(answer), valueName, options)];
      }
      const points = asSeries(answer).flatMap(({ metric, values: [value] }) => (value ? [{ metric, value }] : []));
      return instantFrames(points, options);
    }
    const [start, end] = align(from, to, found.step);
    const series = asSeries(await this.api.queryRange(expr, start, end, found.step, signal));
    const grid = { start, end, step: found.step };
    switch (target.format) {
      case 'table':
        return [tableFrame(series, valueName, options)];
      case 'heatmap':
        return series.length ? [heatmapFrame(series, grid, options)] : [];
      default:
        return rangeFrames(series, grid, options);
    }
  }
}
