/** Variable queries: `label_values(metric, label)`, `label_names()`, `metrics(regex)` and `query_result(expr)`. */
import type { MetricFindValue } from '@grafana/data';

import type { PrometheusApi, QueryResult } from './api';
import { seriesName } from './frames';

/** A variable's query as dashboards store it: plain text, or an object holding it. */
export type VariableQuery = string | { query?: string };

export const queryText = (query: VariableQuery): string => (typeof query === 'string' ? query : (query.query ?? ''));

function resultNames(answer: QueryResult): string[] {
  if (answer.resultType === 'vector') {
    return answer.result.map(({ metric, value: [time, text] }) => `${seriesName(metric)} ${text} ${time * 1000}`);
  }
  return answer.resultType === 'scalar' ? [answer.result[1]] : [];
}

/**
 * @param query with its own variables already filled in
 * @param start Unix seconds
 * @param end Unix seconds
 */
export async function findValues(
  api: PrometheusApi,
  query: string,
  start: number,
  end: number
): Promise<MetricFindValue[]> {
  const call = /^\s*(\w+)\((.*)\)\s*$/s.exec(query);
  const argument = call?.[2]?.trim() ?? '';
  let names: string[];
  switch (call?.[1]) {
    case 'label_names':
      names = await api.labelNames(start, end);
      break;
    case 'label_values': {
      const [, match, label] = /^(?:(.*),)?\s*([a-zA-Z_]\w*)$/s.exec(argument) ?? [];
      if (!label) {
        throw new Error(`The variable query ${query} names no label: label_values(metric, label)`);
      }
      names = await api.labelValues(label, start, end, match?.trim());
      break;
    }
    case 'metrics': {
      const pattern = new RegExp(argument);
      names = (await api.labelValues('__name__', start, end)).filter((name) => pattern.test(name));
      break;
    }
    case 'query_result':
      names = resultNames(await api.query(argument, end));
      break;
    default:
      names = (await api.series(query, start, end)).map(seriesName);
  }
  return names.map((text) => ({ text, value: text, expandable: false }));
}
