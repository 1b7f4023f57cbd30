import { afterEach, describe, expect, it, vi } from 'vitest';

import { loadTrace, period, searchTraces, type SpanJson, type TraceJson } from '../../src/traces/api';
import { failed, readable, room, waterfall } from '../../src/traces/waterfall';

const span = (spanID: string, startTime: number, duration: number, parent?: string, rest: Partial<SpanJson> = {}): SpanJson => ({
  traceID: 't',
  spanID,
  operationName: spanID,
  references: parent ? [{ refType: 'CHILD_OF', spanID: parent }] : [],
  startTime,
  duration,
  tags: [],
  logs: [],
  processID: 'p1',
  ...rest,
});

const trace = (...spans: SpanJson[]): TraceJson => ({
  traceID: 't',
  spans,
  processes: { p1: { serviceName: 'gateway' }, p2: { serviceName: 'catalog' } },
});

describe('the waterfall', () => {
  it('puts children below their parents, siblings by start', () => {
    const { rows } = waterfall(
      trace(span('late', 60, 10, 'root'), span('leaf', 25, 5, 'early'), span('root', 0, 100), span('early', 20, 20, 'root'))
    );
    expect(rows.map(({ span, depth }) => [span.spanID, depth])).toEqual([
      ['root', 0],
      ['early', 1],
      ['leaf', 2],
      ['late', 1],
    ]);
  });

  it('measures in shares of the whole', () => {
    const { start, duration, rows } = waterfall(trace(span('root', 1000, 200), span('child', 1050, 100, 'root')));
    expect([start, duration]).toEqual([1000, 200]);
    expect(rows[1]).toMatchObject({ left: 0.25, width: 0.5 });
  });

  it('lasts until the last span ends, also after the root', () => {
    expect(waterfall(trace(span('root', 0, 10), span('after', 20, 30, 'root'))).duration).toBe(50);
  });

  it('shows a span whose parent is missing, and one that is its own parent', () => {
    const { rows } = waterfall(trace(span('orphan', 5, 1, 'gone'), span('odd', 0, 1, 'odd')));
    expect(rows.map(({ span, depth }) => [span.spanID, depth])).toEqual([
      ['odd', 0],
      ['orphan', 0],
    ]);
  });

  it('names services once, in order', () => {
    const { services } = waterfall(
      trace(span('a', 0, 9), span('b', 1, 1, 'a', { processID: 'p2' }), span('c', 2, 1, 'a', { processID: 'p2' }))
    );
    expect(services).toEqual(['gateway', 'catalog']);
  });

  it('knows failure by either tag', () => {
    expect(failed(span('a', 0, 1, undefined, { tags: [{ key: 'error', value: true }] }))).toBe(true);
    expect(failed(span('a', 0, 1, undefined, { tags: [{ key: 'otel.status_code', value: 'ERROR' }] }))).toBe(true);
    expect(failed(span('a', 0, 1, undefined, { tags: [{ key: 'error', value: false }] }))).toBe(false);
  });
});

describe('durations', () => {
  it.each([
    [0, 1, 'on'],
    [0.1, 0.85, 'on'],
    [0.5, 0.4, 'before'],
    [0.3, 0.2, 'after'],
  ])('of a bar from %d, %d wide, stand %s it', (left, width, place) => expect(room({ left, width })).toBe(place));

  it.each([
    [0, '0 µs'],
    [999, '999 µs'],
    [1250, '1.25 ms'],
    [99_960, '100 ms'],
    [2_500_000, '2.5 s'],
  ])('writes %d as %s', (microseconds, text) => expect(readable(microseconds)).toBe(text));
});

describe("questions to Jaeger's API", () => {
  const answer = (status: number, body: unknown) => {
    const fetched = vi.fn((_url: string) => Promise.resolve(new Response(JSON.stringify(body), { status })));
    vi.stubGlobal('fetch', fetched);
    return fetched;
  };
  afterEach(() => vi.unstubAllGlobals());

  it.each([
    ['15m', 900],
    ['1h', 3600],
    ['1d', 86_400],
    ['nonsense', 3600],
  ])('looks back %s by %d seconds, in microseconds', (lookback, length) => {
    expect(period(lookback, 1_000_000_000)).toEqual({
      start: String((1_000_000_000 - length * 1000) * 1000),
      end: '1000000000000',
    });
  });

  it('names the period, and only what is searched for', async () => {
    const fetched = answer(200, { data: [], errors: null });
    await searchTraces({ service: 'catalog', lookback: '1h', minDuration: '', limit: 5 });
    const url = new URL(fetched.mock.calls[0]?.[0] ?? '', 'http://page');
    expect([...url.searchParams.keys()]).toEqual(['service', 'start', 'end', 'limit']);
  });

  it('says of an unknown trace that Jaeger does not know it', async () => {
    answer(404, { data: null, errors: [{ code: 404, msg: 'trace not found' }] });
    await expect(loadTrace('7')).rejects.toThrow('Jaeger knows no trace 7');
  });

  it('passes on any other refusal', async () => {
    answer(503, 'no healthy upstream');
    await expect(loadTrace('7')).rejects.toThrow('HTTP 503');
  });
});
