import { afterEach, describe, expect, it, vi } from 'vitest';

import { Api, Problem } from '../../src/api';
import { art, seed } from '../../src/art';
import { h } from '../../src/dom';
import { availability, count, money } from '../../src/format';
import { checkoutKey, forgetCheckoutKey } from '../../src/keys';
import { steps } from '../../src/pages/order';
import { poll } from '../../src/poll';
import { parse, to } from '../../src/router';

describe('addresses', () => {
  it.each([
    ['', { name: 'products', q: '', tag: '' }],
    ['#/?q=oak%20board&tag=wood', { name: 'products', q: 'oak board', tag: 'wood' }],
    ['#/products/enamel-mug', { name: 'product', sku: 'enamel-mug' }],
    ['#/orders/a%2Fb', { name: 'order', id: 'a/b' }],
    ['#/basket', { name: 'basket' }],
    ['#/%E0%A4%A', { name: 'nowhere' }],
    ['#/products', { name: 'nowhere' }],
    ['#/orders/1/2', { name: 'nowhere' }],
  ])('%s', (hash, route) => expect(parse(hash)).toEqual(route));

  it.each([
    [to.products({ q: 'a&b', tag: '' }), { name: 'products', q: 'a&b', tag: '' }],
    [to.product('a/b'), { name: 'product', sku: 'a/b' }],
    [to.order('1'), { name: 'order', id: '1' }],
    [to.checkout, { name: 'checkout' }],
  ])('%s is understood as it was meant', (hash, route) => expect(parse(hash)).toEqual(route));
});

describe('what is told', () => {
  it('money', () => {
    expect(money({ amount: 129000, currency: 'EUR' })).toBe('€1,290.00');
    expect(money(null)).toBe('price unknown');
  });
  it('stock', () => {
    expect([undefined, null, 0, 3, 12].map((each) => availability(each).tone)).toEqual(['unknown', 'unknown', 'none', 'low', 'good']);
    expect(availability(null).text).toBe('Stock is not known right now');
  });
  it('numbers', () => expect([count(1, 'piece'), count(0, 'piece')]).toEqual(['1 piece', '0 pieces']));
});

it('text is text, whatever it holds', () => {
  const element = h('p', { title: '"><script>' }, '<img src=x onerror=alert(1)>');
  expect(element.children).toHaveLength(0);
  expect(element.textContent).toBe('<img src=x onerror=alert(1)>');
});

it('a product has one picture, and another product another', () => {
  expect(art('enamel-mug').outerHTML).toBe(art('enamel-mug').outerHTML);
  expect(art('enamel-mug').outerHTML).not.toBe(art('oak-board').outerHTML);
  expect(art('enamel-mug').outerHTML).not.toContain('style=');
  expect(seed('a')).toBe(0xe40c292c); // FNV-1a of "a", by its authors' test vectors.
});

describe('the API', () => {
  const answering = (status: number, body: unknown, degraded: boolean[] = []): [Api, ReturnType<typeof vi.fn>] => {
    const send = vi.fn(async () => new Response(JSON.stringify(body), { status }));
    return [new Api((is) => degraded.push(is), send as never), send];
  };

  it('is asked by relative addresses', async () => {
    const [api, send] = answering(200, { products: [], total: 0, offset: 0 });
    await api.products({ q: 'oak & ash', tag: '' });
    expect(send.mock.calls[0]?.[0]).toBe('api/products?q=oak+%26+ash&limit=48');
    await api.put('a/b', 2);
    expect(send.mock.calls[1]).toMatchObject(['api/basket/items/a%2Fb', { method: 'PUT', body: '{"quantity":2}' }]);
  });

  it('tells when it is degraded', async () => {
    const told: boolean[] = [];
    await answering(200, { items: [], total: null, degraded: true }, told)[0].basket();
    await answering(200, { items: [], total: null }, told)[0].basket();
    expect(told).toEqual([true, false]);
  });

  it.each([
    [409, { detail: 'the basket is empty' }, 'The basket is empty.', true],
    [503, { detail: 'catalog cannot answer' }, /^This part of the shop cannot answer right now/, false],
    [429, {}, /^That was a lot at once/, false],
    [400, 'no object', 'The shop refused this.', true],
  ])('%i is told to people', async (status, body, message, refused) => {
    const error = await answering(status, body)[0].basket().catch((each: unknown) => each);
    expect(error).toBeInstanceOf(Problem);
    expect((error as Problem).message).toMatch(message);
    expect((error as Problem).refused).toBe(refused);
  });

  it('that is out of reach is told too, but not when one has left', async () => {
    const api = new Api(() => undefined, () => Promise.reject(new TypeError('failed')));
    await expect(api.orders()).rejects.toThrow('The shop cannot be reached');
    const left = AbortSignal.abort();
    await expect(api.orders(left)).rejects.toThrow('failed');
  });
});

describe('the checkout’s key', () => {
  afterEach(() => sessionStorage.clear());
  const basket = (quantity: number) => ({ items: [{ sku: 'a', quantity, unit_price: null, total: null, available: null }], total: null });

  it('stays for the same basket, and only for it', () => {
    const key = checkoutKey(basket(1));
    expect(key).toMatch(/^[0-9a-f]{32}$/);
    expect(checkoutKey(basket(1))).toBe(key);
    expect(checkoutKey(basket(2))).not.toBe(key);
  });

  it('is new after an order', () => {
    const key = checkoutKey(basket(1));
    forgetCheckoutKey();
    expect(checkoutKey(basket(1))).not.toBe(key);
  });
});

describe('polling', () => {
  it('goes on over failures until the end, with longer and longer waits', async () => {
    vi.useFakeTimers();
    const at: number[] = [];
    const shown: number[] = [];
    const failed: unknown[] = [];
    let asked = 0;
    const began = Date.now();
    const running = poll<number>(
      {
        ask: async () => {
          at.push(Date.now() - began);
          asked += 1;
          if (asked === 2) {
            throw new Error('away');
          }
          return asked;
        },
        show: (value) => shown.push(value),
        fail: (error) => failed.push(error),
        done: (value) => value === 4,
      },
      new AbortController().signal,
      100,
      200
    );
    await vi.runAllTimersAsync();
    await running;
    vi.useRealTimers();
    expect(at).toEqual([0, 100, 250, 450]);
    expect(shown).toEqual([1, 3, 4]);
    expect(failed).toHaveLength(1);
  });

  it('stops when one goes elsewhere', async () => {
    const leaving = new AbortController();
    const shown: number[] = [];
    await poll<number>(
      {
        ask: async () => (leaving.abort(), 1),
        show: (value) => shown.push(value),
        fail: () => shown.push(-1),
        done: () => false,
      },
      leaving.signal
    );
    expect(shown).toEqual([]);
  });
});

describe('the steps of an order', () => {
  const at = '2026-01-01T00:00:00Z';
  const taken = (...names: string[]) => names.map((status) => ({ status, at }));
  it.each([
    [{ order_id: '1', status: 'pending', placed_at: at }, ['pending', 'reserved?', 'confirmed?']],
    [{ order_id: '1', status: 'reserved', history: taken('pending', 'reserved') }, ['pending', 'reserved', 'confirmed?']],
    [{ order_id: '1', status: 'confirmed', history: taken('pending', 'reserved', 'confirmed') }, ['pending', 'reserved', 'confirmed']],
    [{ order_id: '1', status: 'cancelled', history: taken('pending', 'cancelled') }, ['pending', 'cancelled']],
    [{ order_id: '1', status: 'pending' }, ['pending?', 'reserved?', 'confirmed?']],
  ])('%j', (order, expected) => {
    expect(steps(order).map((step) => step.status + (step.at ? '' : '?'))).toEqual(expected);
  });
});
