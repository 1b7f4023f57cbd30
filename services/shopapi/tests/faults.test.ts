/** What is left of the shop when one of its services is away, and how it comes back. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Browser, type Running, series, start, until } from './shop';

let running: Running;
let browser: Browser;

async function shop(environ: Record<string, string> = {}): Promise<void> {
  await running?.stop();
  running = await start({ SHOPAPI_TIMEOUT_SECONDS: '0.6', SHOPAPI_BREAKER_RESET_SECONDS: '0.4', ...environ });
  browser = new Browser(running.url);
}

beforeEach(() => shop());
afterEach(() => running.stop());

const checkout = { email: 'ada@example.com', payment_token: 'tok_visa', idempotency_key: 'key-of-this-checkout' };
const state = (name: string, which: string): Promise<number> => series(running.url, 'breaker_state', { name, state: which });

describe.each(['error', 'slow', 'reset'] as const)('a catalog that is away (%s)', (fault) => {
  it('products are shown as last heard, and say so', async () => {
    await browser.ask('GET', '/api/products?q=mug');
    running.upstreams.faults.catalog = fault;
    const response = await browser.ask('GET', '/api/products?q=mug');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ degraded: true, total: 1, products: [{ sku: 'enamel-mug' }] });
    expect(response.headers.get('cache-control')).toBe('public, max-age=0, s-maxage=1');
    expect(response.headers.get('xkey')).toContain('product:enamel-mug');
    expect(response.headers.get('etag')).toBeNull();
    expect(await series(running.url, 'degraded_answers_total', { upstream: 'catalog' })).toBe(1);
  });

  it('the basket has the last known prices, but nothing is sold at them', async () => {
    await browser.ask('PUT', '/api/basket/items/oak-board', { quantity: 1 });
    running.upstreams.faults.catalog = fault;
    expect(await browser.json('GET', '/api/basket')).toMatchObject({ degraded: true, total: { amount: 4450 } });
    const response = await browser.ask('POST', '/api/orders', checkout);
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(running.upstreams.orders.size).toBe(0);
  });

  it('what was never heard is 503, not 404', async () => {
    running.upstreams.faults.catalog = fault;
    expect((await browser.ask('GET', '/api/products/oak-board')).status).toBe(503);
  });
});

it('without stock, it is unknown', async () => {
  running.upstreams.faults.stock = 'error';
  await browser.ask('PUT', '/api/basket/items/oak-board', { quantity: 1 });
  expect(await browser.json('GET', '/api/basket')).toMatchObject({ degraded: true, items: [{ available: null, unit_price: { amount: 4450 } }] });
  expect(await browser.json('GET', '/api/stock?sku=oak-board')).toEqual({ stock: { 'oak-board': null }, degraded: true });
});

it('without the query side, orders are those placed here, with the status of the command side', async () => {
  running.upstreams.step = 0;
  await browser.ask('PUT', '/api/basket/items/oak-board', { quantity: 1 });
  running.upstreams.faults.orderview = 'reset';
  const { order_id } = await browser.json<{ order_id: string }>('POST', '/api/orders', checkout);
  expect(await browser.json('GET', '/api/orders')).toMatchObject({ degraded: true, orders: [{ order_id, status: 'pending' }] });
  expect(await browser.json('GET', `/api/orders/${order_id}`)).toMatchObject({ degraded: true, status: 'confirmed' });
  running.upstreams.faults.orders = 'error';
  expect(await browser.json('GET', `/api/orders/${order_id}`)).toMatchObject({ degraded: true, status: 'pending' });
  const unknown = '00000000-0000-4000-8000-000000000000';
  expect((await browser.ask('GET', `/api/orders/${unknown}`)).status).toBe(503);
});

it('an answer that makes no sense is 502, and never shown', async () => {
  running.upstreams.instead.basket = () => ({ status: 200, body: { things: [] } });
  const response = await browser.ask('GET', '/api/basket');
  expect([response.status, await response.json()]).toMatchObject([502, { detail: 'basket gave an answer that cannot be used' }]);
  running.upstreams.instead.catalog = () => ({ status: 200, body: 'products' });
  expect((await browser.ask('GET', '/api/products')).status).toBe(502);
});

describe('the circuit breaker', () => {
  it('opens, spares the upstream, lets one through, and closes', async () => {
    expect(await state('basket', 'closed')).toBe(1);
    running.upstreams.faults.basket = 'error';
    await until(async () => {
      await browser.ask('GET', '/api/basket');
      return (await state('basket', 'open')) === 1;
    });
    expect(await state('basket', 'closed')).toBe(0);
    const reached = running.upstreams.seen.basket.length;
    const began = performance.now();
    const refused = await browser.ask('GET', '/api/basket');
    expect(refused.status).toBe(503);
    expect(performance.now() - began).toBeLessThan(200);
    expect(running.upstreams.seen.basket.length).toBe(reached);
    expect(await series(running.url, 'breaker_calls_total', { name: 'basket', outcome: 'rejected' })).toBeGreaterThan(0);

    await until(async () => (await state('basket', 'half_open')) === 1);
    await browser.ask('GET', '/api/basket'); // Still ill: open again.
    expect(await state('basket', 'open')).toBe(1);
    expect(running.upstreams.seen.basket.length).toBe(reached + 1);

    running.upstreams.faults.basket = 'none';
    await until(async () => (await state('basket', 'half_open')) === 1);
    expect((await browser.ask('GET', '/api/basket')).status).toBe(200);
    expect(await state('basket', 'closed')).toBe(1);
    for (const to of ['open', 'half_open', 'closed']) {
      expect(await series(running.url, 'breaker_transitions_total', { name: 'basket', to })).toBeGreaterThan(0);
    }
    expect(running.lines).toContainEqual(
      expect.objectContaining({ level: 'warning', message: 'circuit breaker', fields: { name: 'basket', state: 'open' } })
    );
  });

  it('is one for each upstream: a dead one takes no other with it', async () => {
    await browser.ask('GET', '/api/products');
    running.upstreams.faults.stock = 'reset';
    await until(async () => {
      await browser.ask('GET', '/api/stock?sku=oak-board');
      return (await state('stock', 'open')) === 1;
    });
    expect(await state('catalog', 'closed')).toBe(1);
    expect((await browser.ask('GET', '/api/products')).status).toBe(200);
  });

  it('stays closed over refusals, which are answers', async () => {
    running.upstreams.instead.catalog = () => ({ status: 404 });
    for (let each = 0; each < 20; each += 1) {
      await browser.ask('GET', '/api/products/oak-board');
    }
    expect(await state('catalog', 'closed')).toBe(1);
  });
});

describe('retries', () => {
  it('are at most a fifth of the requests, however ill the upstream is', async () => {
    await shop({ SHOPAPI_BREAKER_FAILURES: '1000' });
    running.upstreams.faults.stock = 'error';
    for (let each = 0; each < 50; each += 1) {
      await browser.ask('GET', '/api/stock?sku=oak-board');
    }
    expect(running.upstreams.seen.stock.length).toBe(60);
    expect(await series(running.url, 'retries_total', { name: 'stock', outcome: 'allowed' })).toBe(10);
    expect(await series(running.url, 'retries_total', { name: 'stock', outcome: 'denied' })).toBeGreaterThan(0);
  });

  it('hide a single failure', async () => {
    for (let each = 0; each < 5; each += 1) {
      await browser.ask('GET', '/api/basket');
    }
    let failures = 1;
    running.upstreams.instead.basket = () => (failures-- > 0 ? { status: 503 } : undefined);
    expect((await browser.ask('GET', '/api/basket')).status).toBe(200);
  });

  it('an order is asked for again by the same key, and is placed once', async () => {
    await shop({ SHOPAPI_RETRY_PERCENT: '100' });
    await browser.ask('PUT', '/api/basket/items/oak-board', { quantity: 1 });
    let failures = 1;
    running.upstreams.instead.orders = () => (failures-- > 0 ? { status: 502 } : undefined);
    expect((await browser.ask('POST', '/api/orders', checkout)).status).toBe(202);
    expect(new Set(running.upstreams.seen.orders.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(running.upstreams.orders.size).toBe(1);
  });
});

it('the bulkhead refuses what is too much, at once and without blame', async () => {
  await shop({ SHOPAPI_BULKHEAD: '3', SHOPAPI_RETRY_PERCENT: '0' });
  running.upstreams.faults.basket = 'slow';
  const statuses = Promise.all(Array.from({ length: 8 }, async () => (await browser.ask('GET', '/api/basket')).status));
  await until(() => running.upstreams.seen.basket.length === 3);
  expect(await series(running.url, 'bulkhead_running', { name: 'basket' })).toBe(3);
  expect(await statuses).toEqual(Array(8).fill(503));
  expect(running.upstreams.seen.basket.length).toBe(3);
  expect(await series(running.url, 'bulkhead_rejected_total', { name: 'basket' })).toBe(5);
  expect(await state('basket', 'closed')).toBe(1);
});

it('a slow upstream costs no more than the timeout, and all together no more than the deadline', async () => {
  await shop({ SHOPAPI_TIMEOUT_SECONDS: '10', SHOPAPI_DEADLINE_SECONDS: '0.4' });
  running.upstreams.faults.orderview = 'slow';
  running.upstreams.faults.orders = 'slow';
  const began = performance.now();
  expect((await browser.ask('GET', '/api/orders/00000000-0000-4000-8000-000000000000')).status).toBe(503);
  expect(performance.now() - began).toBeLessThan(1500);
});

describe('rate limits', () => {
  it('of a session', async () => {
    await shop({ SHOPAPI_SESSION_RATE: '0.1', SHOPAPI_SESSION_BURST: '3' });
    const statuses = [];
    for (let each = 0; each < 5; each += 1) {
      statuses.push((await browser.ask('GET', '/api/basket')).status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 429]); // The first had no session yet.
    const response = await browser.ask('GET', '/api/basket');
    expect(Number(response.headers.get('retry-after'))).toBe(10);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect((await new Browser(running.url).ask('GET', '/api/basket')).status).toBe(200);
    expect(await series(running.url, 'rate_limited_total', { by: 'session' })).toBe(2);
  });

  it('of an address, whatever sessions it claims to have', async () => {
    await shop({ SHOPAPI_ADDRESS_RATE: '0.1', SHOPAPI_ADDRESS_BURST: '2', SHOPAPI_TRUSTED_HOPS: '1' });
    const from = async (address: string): Promise<number> =>
      (await new Browser(running.url).ask('GET', '/api/basket', undefined, { 'x-forwarded-for': address })).status;
    expect([await from('192.0.2.1'), await from('192.0.2.1'), await from('192.0.2.1')]).toEqual([200, 200, 429]);
    // What a client writes in front of what the proxy saw counts for nothing.
    expect(await from('198.51.100.7, 192.0.2.1')).toBe(429);
    expect(await from('192.0.2.2')).toBe(200);
    expect((await fetch(`${running.url}/healthz`)).status).toBe(200);
  });
});

it('the origin is compared with the host that the trusted proxies saw, not with one that a client claims', async () => {
  const put = async (hops: string): Promise<number> => {
    await shop({ SHOPAPI_TRUSTED_HOPS: hops });
    const headers = { 'sec-fetch-site': '', origin: 'https://shop.example', 'x-forwarded-host': 'shop.example' };
    return (await browser.ask('PUT', '/api/basket/items/oak-board', { quantity: 1 }, headers)).status;
  };
  expect([await put('2'), await put('0')]).toEqual([200, 403]);
});

describe('traces', () => {
  const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  it('go from the caller through every upstream, a span each', async () => {
    await browser.ask('PUT', '/api/basket/items/oak-board', { quantity: 1 });
    running.spans.reset();
    running.lines.length = 0;
    await browser.ask('POST', '/api/orders', checkout, { traceparent: PARENT });
    await until(() => running.spans.getFinishedSpans().some(({ name }) => name === 'POST /api/orders'));
    const spans = running.spans.getFinishedSpans();
    const server = spans.find(({ name }) => name === 'POST /api/orders')!;
    expect(server.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(server.attributes).toMatchObject({ 'http.route': '/api/orders', 'http.response.status_code': 202 });
    const clients = spans.filter((span) => span.parentSpanContext?.spanId === server.spanContext().spanId);
    expect(clients.map(({ name }) => name)).toEqual([
      'GET basket /baskets/{id}',
      'GET catalog /prices',
      'POST orders /orders',
      'DELETE basket /baskets/{id}',
    ]);
    expect(new Set(spans.map((span) => span.spanContext().traceId))).toEqual(new Set(['0af7651916cd43dd8448eb211c80319c']));
    expect(running.upstreams.seen.orders[0]?.headers.traceparent).toBe(
      `00-0af7651916cd43dd8448eb211c80319c-${clients[2]?.spanContext().spanId}-01`
    );
    expect(running.lines.find(({ message }) => message === 'request')).toMatchObject({
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      span_id: server.spanContext().spanId,
    });
  });

  it('tell what failed and which attempt it was', async () => {
    await shop({ SHOPAPI_RETRY_PERCENT: '100' });
    running.upstreams.faults.stock = 'error';
    await browser.ask('GET', '/api/stock?sku=oak-board');
    const attempts = running.spans.getFinishedSpans().filter(({ name }) => name === 'GET stock /stock');
    expect(attempts.map(({ attributes }) => [attributes['error.type'], attributes['http.request.resend_count']])).toEqual([
      ['503', undefined],
      ['503', 1],
    ]);
  });

  it('probes and scrapes make none', async () => {
    await fetch(`${running.url}/readyz`);
    await fetch(`${running.url}/metrics`);
    expect(running.spans.getFinishedSpans()).toEqual([]);
    expect(running.lines.filter(({ message }) => message === 'request')).toEqual([]);
    expect(await series(running.url, 'http_requests_total', { route: '/readyz', status: '200' })).toBe(1);
  });
});
