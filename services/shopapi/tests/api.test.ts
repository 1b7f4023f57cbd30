import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { Browser, type Running, start } from './shop';

let running: Running;
let browser: Browser;

beforeAll(async () => {
  running = await start({ SHOPAPI_SESSION_RATE: '1000', SHOPAPI_SESSION_BURST: '1000', SHOPAPI_ADDRESS_BURST: '10000' });
});
afterAll(() => running.stop());
beforeEach(() => {
  running.upstreams.reset();
  browser = new Browser(running.url);
});

const checkout = (token = 'tok_visa', key = 'key-of-this-checkout'): object => ({
  email: 'ada@example.com',
  payment_token: token,
  idempotency_key: key,
});

describe('products', () => {
  it('pass as the catalog says them, for shared caches, with its keys and ETag', async () => {
    const response = await browser.ask('GET', '/api/products?q=mug');
    expect(response.headers.get('cache-control')).toBe('public, max-age=0, s-maxage=10, stale-while-revalidate=60, stale-if-error=3600');
    expect(response.headers.get('surrogate-key')).toBe('products product:enamel-mug');
    expect(response.headers.get('xkey')).toBe('products product:enamel-mug');
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(await response.json()).toMatchObject({ total: 1, products: [{ sku: 'enamel-mug', price: { amount: 1290, currency: 'EUR' } }] });
    expect(response.headers.get('etag')).toMatch(/^"/);
  });

  it('are 304 to whoever has them already, and the catalog is asked the same way', async () => {
    const etag = (await browser.ask('GET', '/api/products/oak-board')).headers.get('etag') ?? '';
    for (const condition of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      expect((await browser.ask('GET', '/api/products/oak-board', undefined, { 'if-none-match': condition })).status).toBe(304);
    }
    expect((await browser.ask('GET', '/api/products/oak-board', undefined, { 'if-none-match': '"other"' })).status).toBe(200);
    expect(running.upstreams.seen.catalog.at(-1)?.headers['if-none-match']).toBe(etag);
  });

  it('a changed price is seen at once', async () => {
    const before = await browser.ask('GET', '/api/products/brass-lamp');
    const lamp = running.upstreams.products.get('brass-lamp')!;
    running.upstreams.products.set('brass-lamp', { ...lamp, price: { amount: 1, currency: 'EUR' } });
    const after = await browser.ask('GET', '/api/products/brass-lamp', undefined, { 'if-none-match': before.headers.get('etag')! });
    running.upstreams.products.set('brass-lamp', lamp);
    expect(after.status).toBe(200);
    expect(await after.json()).toMatchObject({ price: { amount: 1 } });
  });

  it('one question is asked in one way', async () => {
    await browser.ask('GET', '/api/products?tag=home&q=lamp');
    await browser.ask('GET', '/api/products?q=lamp&tag=home');
    expect(new Set(running.upstreams.seen.catalog.map(({ path }) => path))).toEqual(new Set(['/products?q=lamp&tag=home']));
  });

  it('unknown ones are 404 as a problem', async () => {
    const response = await browser.ask('GET', '/api/products/no-such-thing');
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(response.headers.get('cache-control')).toBe('private, no-store');
    expect(await response.json()).toEqual({ type: 'about:blank', title: 'Not found', status: 404, detail: 'there is no such product' });
  });

  it('stock is told by SKU', async () => {
    expect(await browser.json('GET', '/api/stock?sku=enamel-mug&sku=wool-blanket')).toEqual({
      stock: { 'enamel-mug': 12, 'wool-blanket': 0 },
      degraded: false,
    });
  });
});

describe('the session', () => {
  it('is a signed cookie that scripts and other sites do not get', async () => {
    const response = await browser.ask('GET', '/api/basket');
    expect(response.headers.getSetCookie()[0]).toMatch(
      /^shop_session=[0-9a-f-]{36}\.[^;]+; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/
    );
    expect(response.headers.get('cache-control')).toBe('private, no-store');
  });

  it('stays the same, and a forged one is none', async () => {
    await browser.ask('PUT', '/api/basket/items/enamel-mug', { quantity: 2 });
    const { session } = browser;
    expect((await browser.json<{ items: unknown[] }>('GET', '/api/basket')).items).toHaveLength(1);
    expect(browser.session).toBe(session);

    const forger = new Browser(running.url);
    forger.cookie = `shop_session=${session}.AAAA${browser.cookie.slice(-39)}`;
    expect((await forger.json<{ items: unknown[] }>('GET', '/api/basket')).items).toHaveLength(0);
    expect(forger.session).not.toBe(session);
  });

  it('outlives a change of the key, while the old one is still listed', async () => {
    await browser.ask('PUT', '/api/basket/items/enamel-mug', { quantity: 1 });
    const { session } = browser;
    const next = await start({ SHOPAPI_SESSION_KEY: `${'n'.repeat(40)},a-session-key-for-tests-of-32-characters` });
    const later = new Browser(next.url);
    later.cookie = browser.cookie;
    await later.ask('GET', '/api/basket');
    await next.stop();
    expect(later.session).toBe(session);
    expect(later.cookie).not.toBe(browser.cookie);
  });

  it.each([
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'none' }, 200],
    [{ 'sec-fetch-site': '', origin: 'https://evil.example' }, 403],
    [{ 'sec-fetch-site': '', origin: 'null' }, 403],
    [{ 'sec-fetch-site': '', origin: 'own' }, 200],
    [{ 'sec-fetch-site': '' }, 200],
  ])('an unsafe method with %j gets %i', async (headers: Record<string, string>, status) => {
    const origin: Record<string, string> = headers.origin === 'own' ? { origin: running.url } : {};
    const response = await browser.ask('PUT', '/api/basket/items/enamel-mug', { quantity: 1 }, { ...headers, ...origin });
    expect(response.status).toBe(status);
    expect(running.upstreams.seen.basket.length > 0).toBe(status === 200);
  });
});

describe('the basket', () => {
  it('has prices, sums and stock', async () => {
    await browser.ask('PUT', '/api/basket/items/enamel-mug', { quantity: 2 });
    expect(await browser.json('PUT', '/api/basket/items/wool-blanket', { quantity: 1 })).toEqual({
      items: [
        { sku: 'enamel-mug', quantity: 2, unit_price: { amount: 1290, currency: 'EUR' }, total: { amount: 2580, currency: 'EUR' }, available: 12 },
        { sku: 'wool-blanket', quantity: 1, unit_price: { amount: 11900, currency: 'EUR' }, total: { amount: 11900, currency: 'EUR' }, available: 0 },
      ],
      total: { amount: 14480, currency: 'EUR' },
      degraded: false,
    });
    expect(await browser.json('DELETE', '/api/basket/items/wool-blanket')).toMatchObject({ total: { amount: 2580 } });
    expect((await browser.ask('DELETE', '/api/basket')).status).toBe(204);
    expect(await browser.json('GET', '/api/basket')).toEqual({ items: [], total: null, degraded: false });
  });

  it('takes only what the catalog has', async () => {
    const response = await browser.ask('PUT', '/api/basket/items/no-such-thing', { quantity: 1 });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ detail: "there is no product 'no-such-thing'" });
    expect(running.upstreams.seen.basket).toEqual([]);
  });

  it('tells what the basket service refuses', async () => {
    running.upstreams.instead.basket = ({ method }) => (method === 'PUT' ? { status: 422, body: { detail: 'at most 50 products' } } : undefined);
    const response = await browser.ask('PUT', '/api/basket/items/enamel-mug', { quantity: 1 });
    expect([response.status, await response.json()]).toMatchObject([409, { detail: 'at most 50 products' }]);
  });

  it('shows the rest when a product is gone from the catalog', async () => {
    await browser.ask('PUT', '/api/basket/items/enamel-mug', { quantity: 1 });
    running.upstreams.baskets.get(browser.session)?.set('was-sold-once', 1);
    expect(await browser.json('GET', '/api/basket')).toMatchObject({
      items: [{ sku: 'enamel-mug', unit_price: { amount: 1290 } }, { sku: 'was-sold-once', unit_price: null }],
      total: null,
      degraded: false,
    });
    const response = await browser.ask('POST', '/api/orders', checkout());
    expect([response.status, await response.json()]).toMatchObject([409, { detail: expect.stringContaining('was-sold-once') as string }]);
  });
});

describe('checkout', () => {
  it('orders the basket at the prices that hold now, then empties it', async () => {
    await browser.ask('PUT', '/api/basket/items/enamel-mug', { quantity: 3 });
    const response = await browser.ask('POST', '/api/orders', checkout());
    const order = (await response.json()) as { order_id: string };
    expect(response.status).toBe(202);
    expect(response.headers.get('location')).toBe(`orders/${order.order_id}`);
    expect(order).toMatchObject({ status: 'pending', total: { amount: 3870, currency: 'EUR' } });
    const [asked] = running.upstreams.seen.orders;
    expect(asked?.body).toEqual({
      customer_id: browser.session,
      email: 'ada@example.com',
      lines: [{ sku: 'enamel-mug', quantity: 3, unit_price: { amount: 1290, currency: 'EUR' } }],
      payment_token: 'tok_visa',
    });
    expect(asked?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
    expect(await browser.json('GET', '/api/basket')).toMatchObject({ items: [] });
  });

  it('the same key gives the same order, and another customer’s same key another', async () => {
    await browser.ask('PUT', '/api/basket/items/enamel-mug', { quantity: 1 });
    const [first, twice] = await Promise.all([
      browser.json<{ order_id: string }>('POST', '/api/orders', checkout()),
      browser.json<{ order_id: string }>('POST', '/api/orders', checkout()),
    ]);
    const again = await browser.json<{ order_id: string }>('POST', '/api/orders', checkout());
    expect(new Set([first.order_id, twice.order_id, again.order_id]).size).toBe(1);

    const other = new Browser(running.url);
    await other.ask('PUT', '/api/basket/items/enamel-mug', { quantity: 1 });
    expect((await other.json<{ order_id: string }>('POST', '/api/orders', checkout())).order_id).not.toBe(first.order_id);
  });

  it('refuses an empty basket', async () => {
    const response = await browser.ask('POST', '/api/orders', checkout());
    expect([response.status, await response.json()]).toMatchObject([409, { detail: 'the basket is empty' }]);
  });

  it('stands even if the basket cannot be emptied', async () => {
    await browser.ask('PUT', '/api/basket/items/enamel-mug', { quantity: 1 });
    running.upstreams.instead.basket = ({ method }) => (method === 'DELETE' ? { status: 500 } : undefined);
    expect((await browser.ask('POST', '/api/orders', checkout())).status).toBe(202);
    expect(running.lines.map(({ message }) => message)).toContain('the basket was not emptied after the order');
  });

  it.each([
    [400, 400],
    [409, 409],
    [422, 400],
  ])('an order that is refused with %i is refused with %i', async (said, told) => {
    await browser.ask('PUT', '/api/basket/items/enamel-mug', { quantity: 1 });
    running.upstreams.instead.orders = () => ({ status: said, body: { detail: 'not like this' } });
    const response = await browser.ask('POST', '/api/orders', checkout());
    expect([response.status, await response.json()]).toMatchObject([told, { detail: 'not like this' }]);
    expect((await browser.json<{ items: unknown[] }>('GET', '/api/basket')).items).toHaveLength(1);
  });
});

describe('orders', () => {
  it('show how they go, to their customer only', async () => {
    running.upstreams.step = 0;
    await browser.ask('PUT', '/api/basket/items/enamel-mug', { quantity: 1 });
    const { order_id } = await browser.json<{ order_id: string }>('POST', '/api/orders', checkout('tok_declined'));
    const order = await browser.json<{ history: { status: string }[] }>('GET', `/api/orders/${order_id}`);
    expect(order).toMatchObject({ order_id, status: 'cancelled', reason: 'payment declined', degraded: false });
    expect(order.history.map(({ status }) => status)).toEqual(['pending', 'reserved', 'declined', 'cancelled']);
    expect(order).not.toHaveProperty('payment_token');
    expect(order).not.toHaveProperty('email');
    expect(await browser.json('GET', '/api/orders')).toMatchObject({ orders: [{ order_id }], degraded: false });

    const stranger = new Browser(running.url);
    expect((await stranger.ask('GET', `/api/orders/${order_id}`)).status).toBe(404);
    expect(await stranger.json('GET', '/api/orders')).toEqual({ orders: [], degraded: false });
  });

  it('are there at once, though the query side is a moment behind', async () => {
    running.upstreams.instead.orderview = ({ path }) => (path.startsWith('/orders?') ? { status: 200, body: { orders: [] } } : { status: 404 });
    await browser.ask('PUT', '/api/basket/items/enamel-mug', { quantity: 1 });
    const { order_id } = await browser.json<{ order_id: string }>('POST', '/api/orders', checkout());
    expect(await browser.json('GET', '/api/orders')).toMatchObject({ orders: [{ order_id }], degraded: false });
    expect(await browser.json('GET', `/api/orders/${order_id}`)).toMatchObject({ order_id, degraded: false });
  });

  it('unknown ones are 404', async () => {
    expect((await browser.ask('GET', '/api/orders/00000000-0000-4000-8000-000000000000')).status).toBe(404);
  });
});

describe('input that does not fit', () => {
  it.each([
    ['GET', '/api/products?limit=1000', undefined, 'querystring/limit'],
    ['GET', '/api/products?limit=ten', undefined, 'querystring/limit'],
    ['GET', '/api/products?page=1', undefined, 'querystring'],
    ['GET', '/api/products/NO..SKU', undefined, 'params/sku'],
    ['GET', '/api/stock', undefined, 'querystring'],
    ['PUT', '/api/basket/items/enamel-mug', { quantity: 0 }, 'body/quantity'],
    ['PUT', '/api/basket/items/enamel-mug', { quantity: '1' }, 'body/quantity'],
    ['PUT', '/api/basket/items/enamel-mug', { quantity: 1, price: 0 }, 'body'],
    ['POST', '/api/orders', { email: 'no', payment_token: 'tok_visa', idempotency_key: '12345678' }, 'body/email'],
    ['POST', '/api/orders', { email: 'a@b.eu', payment_token: '4111111111111111', idempotency_key: '12345678' }, 'body/payment_token'],
    ['GET', '/api/orders/1', undefined, 'params/id'],
  ])('%s %s %j names %s', async (method, path, body, where) => {
    const response = await browser.ask(method, path, body);
    const problem = (await response.json()) as { errors: { where: string }[] };
    expect(response.status).toBe(400);
    expect(problem.errors[0]?.where).toBe(where);
    expect(JSON.stringify(problem)).not.toContain('4111');
  });

  it('no JSON, too much of it, another type, and paths that are none', async () => {
    const put = (body: string, type = 'application/json'): Promise<Response> =>
      fetch(`${running.url}/api/basket/items/enamel-mug`, { method: 'PUT', body, headers: { 'content-type': type } });
    expect((await put('{"quantity":')).status).toBe(400);
    expect((await put(JSON.stringify({ quantity: 'x'.repeat(20_000) }))).status).toBe(413);
    expect((await put('<quantity/>', 'application/xml')).status).toBe(415);
    const nothing = await browser.ask('GET', '/api/nothing?token=abc');
    expect([nothing.status, await nothing.json()]).toMatchObject([404, { detail: 'there is nothing at GET /api/nothing' }]);
  });
});
