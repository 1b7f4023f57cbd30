/** Prometheus' HTTP API, as far as dashboards need it. Times are Unix seconds, steps seconds. */

export type Labels = Record<string, string>;
/** Unix seconds and the value as text: `NaN`, `+Inf` and `-Inf` are not JSON numbers. */
export type Sample = [number, string];

export interface InstantSeries {
  metric: Labels;
  value: Sample;
}

export interface RangeSeries {
  metric: Labels;
  values: Sample[];
}

export type QueryResult =
  | { resultType: 'vector'; result: InstantSeries[] }
  | { resultType: 'matrix'; result: RangeSeries[] }
  | { resultType: 'scalar'; result: Sample }
  | { resultType: 'string'; result: [number, string] };

type Answer<T> = { status: 'success'; data: T } | { status: 'error'; errorType: string; error: string };

/** The failure of one request, worded for the panel that shows it. */
export class PrometheusError extends Error {}

export class PrometheusApi {
  /** @param url where Prometheus answers, such as `/prometheus` */
  constructor(readonly url: string) {}

  query(expr: string, time: number, signal?: AbortSignal): Promise<QueryResult> {
    return this.get('query', { query: expr, time: String(time) }, signal);
  }

  queryRange(expr: string, start: number, end: number, step: number, signal?: AbortSignal): Promise<QueryResult> {
    const range = { start: String(start), end: String(end), step: String(step) };
    return this.get('query_range', { query: expr, ...range }, signal);
  }

  labelNames(start: number, end: number): Promise<string[]> {
    return this.get('labels', { start: String(start), end: String(end) });
  }

  labelValues(label: string, start: number, end: number, match?: string): Promise<string[]> {
    const range = { start: String(start), end: String(end) };
    return this.get(`label/${encodeURIComponent(label)}/values`, match ? { ...range, 'match[]': match } : range);
  }

  series(match: string, start: number, end: number): Promise<Labels[]> {
    return this.get('series', { 'match[]': match, start: String(start), end: String(end) });
  }

  private async get<T>(path: string, parameters: Record<string, string>, signal?: AbortSignal): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters)}`, { signal });
    let answer: Answer<T>;
    try {
      answer = (await response.json()) as Answer<T>;
    } catch {
      throw new PrometheusError(`Prometheus did not answer at ${this.url}: HTTP ${response.status}`);
    }
    if (answer.status !== 'success') {
      throw new PrometheusError(`Prometheus refused the query (${answer.errorType}): ${answer.error}`);
    }
    return answer.data;
  }
}
