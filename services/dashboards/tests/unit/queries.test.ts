import { type DataQueryRequest, dateTime, LoadingState } from '@grafana/data';
import { setTemplateSrv } from '@grafana/runtime';
import { lastValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { runRequest } from '../../src/boot/runRequest';
import { PrometheusApi } from '../../src/prometheus/api';
import { PrometheusDataSource, type PrometheusQuery } from '../../src/prometheus/datasource';
import { promqlFormat } from '../../src/prometheus/format';
import { align, intervals, seconds } from '../../src/prometheus/intervals';
import { prometheusSettings } from '../../src/prometheus/sources';
import { findValues } from '../../src/prometheus/variables';

/** Answers by path, and what was asked. */
const asked: URL[] = [];
let answer: (url: URL) => unknown;

beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal('fetch', (address: string) => {
    const url = new URL(address, 'http://page');
    asked.push(url);
    return Promise.resolve(new Response(JSON.stringify({ status: 'success', data: answer(url) })));
  });
});
afterEach(() => vi.unstubAllGlobals());

describe('intervals', () => {
  it.each([
    ['15s', 15],
    ['1m', 60],
    ['90', 90],
    ['250ms', 0.25],
  ])('reads %s', (text, value) => expect(seconds(text)).toBe(value));

  it.each([
    ['follows the width of the panel', [3600, 30, undefined], { step: 30, rate: 60 }],
    ['takes the least step of the target', [3600, 15, 60], { step: 60, rate: 75 }],
    ['never asks for more points than Prometheus gives', [30 * 86_400, 15, undefined], { step: 236, rate: 251 }],
    ['spans four scrapes at least', [300, 1, undefined], { step: 1, rate: 60 }],
  ] as const)('%s', (_, [range, interval, least], found) => {
    expect(intervals(range, interval, least, 15)).toEqual({ ...found, range });
  });

  it('aligns to the step', () => expect(align(61, 134, 15)).toEqual([60, 120]));
});

describe('values in PromQL', () => {
  it.each([
    ['a "b" \\', {}, 'a \\"b\\" \\\\'],
    ['a.b', { multi: true }, 'a\\\\.b'],
    ['a.b', {}, 'a.b'],
    [['a'], { multi: true }, 'a'],
    [['a+', 'b'], { multi: true }, '(a\\\\+|b)'],
    [3, {}, '3'],
  ])('writes %o of %o', (value, variable, text) => expect(promqlFormat(value, variable)).toBe(text));
});

describe('the API', () => {
  const api = new PrometheusApi('/prometheus');

  it('words a refusal', async () => {
    vi.stubGlobal('fetch', () =>
      Promise.resolve(
        new Response(JSON.stringify({ status: 'error', errorType: 'bad_data', error: 'parse error' }), { status: 400 })
      )
    );
    await expect(api.query('up{', 0)).rejects.toThrow('Prometheus refused the query (bad_data): parse error');
  });

  it('words an answer that is not its own', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('no healthy upstream', { status: 503 })));
    await expect(api.query('up', 0)).rejects.toThrow('Prometheus did not answer at /prometheus: HTTP 503');
  });
});

describe('variable queries', () => {
  const api = new PrometheusApi('/prometheus');
  const find = async (query: string) => (await findValues(api, query, 0, 100)).map(({ text }) => text);

  it('asks for the values of a label', async () => {
    answer = () => ['a', 'b'];
    expect(await find('label_values(up{job=~"x, y"}, pod)')).toEqual(['a', 'b']);
    expect(asked[0]?.pathname).toBe('/prometheus/api/v1/label/pod/values');
    expect(asked[0]?.searchParams.get('match[]')).toBe('up{job=~"x, y"}');
  });

  it('asks for the values of a label anywhere', async () => {
    answer = () => ['a'];
    await find('label_values(pod)');
    expect(asked[0]?.searchParams.has('match[]')).toBe(false);
  });

  it('asks for names of labels, of metrics, and of series', async () => {
    answer = () => ['up', 'down'];
    expect(await find('label_names()')).toEqual(['up', 'down']);
    expect(await find('metrics(^u)')).toEqual(['up']);
    answer = () => [{ __name__: 'up', job: 'x' }];
    expect(await find('up')).toEqual(['up{job="x"}']);
  });

  it('asks for the result of a query', async () => {
    answer = () => ({ resultType: 'vector', result: [{ metric: { __name__: 'up' }, value: [5, '1'] }] });
    expect(await find('query_result(up)')).toEqual(['up 1 5000']);
  });

  it('names a query without a label', () => expect(find('label_values(up, )')).rejects.toThrow('names no label'));
});

describe('the data source', () => {
  const source = new PrometheusDataSource(prometheusSettings);
  const request = (...targets: Array<Omit<PrometheusQuery, 'refId'>>): DataQueryRequest<PrometheusQuery> => ({
    requestId: '1',
    app: 'test',
    timezone: 'utc',
    interval: '30s',
    intervalMs: 30_000,
    startTime: 0,
    range: { from: dateTime(1_000_010_000), to: dateTime(1_003_610_000), raw: { from: '', to: '' } },
    scopedVars: {},
    targets: targets.map((target, index) => ({ ...target, refId: String.fromCharCode(65 + index) })),
  });
  const matrix = { resultType: 'matrix', result: [{ metric: { pod: 'a' }, values: [[1_000_020, '1']] }] };

  beforeEach(() => {
    setTemplateSrv({
      getVariables: () => [],
      containsTemplate: () => false,
      updateTimeRange: () => undefined,
      replace: (text = '', variables) =>
        text.replace(/\$(\w+)/g, (found, name: string) => String(variables?.[name]?.value ?? found)),
    });
  });

  it('asks for a range on the grid of the step, with intervals filled in', async () => {
    answer = () => matrix;
    const { data, state } = await lastValueFrom(source.query(request({ expr: 'rate(x[$__rate_interval])' })));
    expect(state).toBe(LoadingState.Done);
    expect(Object.fromEntries(asked[0]?.searchParams ?? [])).toEqual({
      query: 'rate(x[60s])',
      start: '999990',
      end: '1003590',
      step: '30',
    });
    expect(data[0].fields[1].values).toHaveLength(121);
  });

  it('asks for instants at the end', async () => {
    answer = () => ({ resultType: 'vector', result: [{ metric: {}, value: [1_003_610, '1'] }] });
    await lastValueFrom(source.query(request({ expr: 'up', instant: true })));
    expect(asked[0]?.pathname).toBe('/prometheus/api/v1/query');
    expect(asked[0]?.searchParams.get('time')).toBe('1003610');
  });

  it('shows a number as a series', async () => {
    answer = () => ({ resultType: 'scalar', result: [1_003_610, '42'] });
    const { data } = await lastValueFrom(source.query(request({ expr: '42', instant: true })));
    expect(data[0].fields[1].values).toEqual([42]);
  });

  it('tells the values of several tables apart', async () => {
    answer = () => ({ resultType: 'vector', result: [{ metric: { pod: 'a' }, value: [5, '1'] }] });
    const table = { expr: 'up', instant: true, format: 'table' } as const;
    const both = await lastValueFrom(source.query(request(table, table)));
    expect(both.data.map(({ fields }) => fields.at(-1).name)).toEqual(['Value #A', 'Value #B']);
    const one = await lastValueFrom(source.query(request(table)));
    expect(one.data[0].fields.at(-1).name).toBe('Value');
  });

  it('asks nothing for hidden and empty targets', async () => {
    await lastValueFrom(source.query(request({ expr: 'up', hide: true }, { expr: '' })));
    expect(asked).toEqual([]);
  });

  it('shows the targets that were answered beside those that were not', async () => {
    answer = (url) => {
      if (url.searchParams.get('query') === 'bad') {
        throw new Error('it broke');
      }
      return matrix;
    };
    const { data, errors, state } = await lastValueFrom(source.query(request({ expr: 'bad' }, { expr: 'good' })));
    expect(data).toHaveLength(1);
    expect(state).toBe(LoadingState.Error);
    expect(errors).toMatchObject([{ refId: 'A', message: 'it broke' }]);
  });

  it('takes its request back when nobody waits for it any more', async () => {
    let signal: AbortSignal | undefined;
    vi.stubGlobal('fetch', (_: string, options: RequestInit) => {
      signal = options.signal ?? undefined;
      return new Promise(() => undefined);
    });
    source.query(request({ expr: 'up' })).subscribe().unsubscribe();
    await vi.waitFor(() => expect(signal?.aborted).toBe(true));
  });

  it('is loading before it is done', async () => {
    answer = () => matrix;
    const states: LoadingState[] = [];
    await new Promise<void>((resolve) => {
      runRequest(source as never, request({ expr: 'up' })).subscribe({
        next: ({ state }) => states.push(state),
        complete: resolve,
      });
    });
    expect(states).toEqual([LoadingState.Loading, LoadingState.Done]);
  });
});
