/** Rules that hold for any input. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { luhn, mask, maskText } from '../src/adapters/masking';
import { settings } from '../src/adapters/settings';
import { orderKey } from '../src/application/shop';
import { price } from '../src/domain/basket';
import { sum } from '../src/domain/money';
import { RetryBudget, TokenBucket } from '../src/resilience/bucket';

describe('the retry budget', () => {
  it('never spends more than its part', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.array(fc.boolean(), { maxLength: 500 }), (percent, steps) => {
        const budget = new RetryBudget(percent);
        let requests = 0;
        let retries = 0;
        for (const request of steps) {
          if (request) {
            budget.earn();
            requests += 1;
          } else if (budget.spend()) {
            retries += 1;
          }
          expect(retries * 100).toBeLessThanOrEqual(requests * percent);
        }
      })
    );
  });

  it('saves up no more than its most', () => {
    const budget = new RetryBudget(20, 3);
    for (let each = 0; each < 1000; each += 1) {
      budget.earn();
    }
    expect([1, 2, 3, 4].map(() => budget.spend())).toEqual([true, true, true, false]);
  });
});

it('a token bucket passes at most burst + rate × time, and says when the next is due', () => {
  const gaps = fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.double({ min: 0.1, max: 50, noNaN: true }), gaps, (burst, rate, waits) => {
      let now = 0;
      const bucket = new TokenBucket(rate, burst, () => now);
      let passed = 0;
      for (const gap of waits) {
        now += gap;
        const wait = bucket.take();
        passed += wait === 0 ? 1 : 0;
        expect(passed).toBeLessThanOrEqual(burst + rate * now + 1e-6);
        if (wait > 0) {
          now += wait + 1e-9;
          expect(bucket.take()).toBe(0);
          passed += 1;
        }
      }
    })
  );
});

/** A number of 13 to 19 digits that a card could have. */
const cards = fc
  .tuple(fc.integer({ min: 2, max: 6 }), fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 11, maxLength: 17 }))
  .map(([first, rest]) => {
    const body = `${first}${rest.join('')}`;
    const check = [...'0123456789'].find((digit) => luhn(body + digit));
    return body + check;
  });

describe('masking', () => {
  it('no card number survives, in whatever groups and wherever it stands', () => {
    const separators = fc.constantFrom('', ' ', '-');
    const around = fc.constantFrom('', 'order 17 ', 'paid with: ', '(', '"', '2026-11-25 ');
    fc.assert(
      fc.property(cards, separators, around, around, (digits, separator, before, after) => {
        const shown = digits.match(/.{1,4}/g)!.join(separator);
        const masked = maskText(`${before}${shown}${after ? ` ${after}` : ''}`);
        expect(masked).not.toContain(shown);
        expect(masked).toContain('****');
        expect(JSON.stringify(mask({ deep: [{ text: shown }] }))).not.toContain(shown);
      })
    );
  });

  it('the last four digits stay', () => {
    expect(maskText('4111 1111 1111 1111, 5500-0000-0000-0004 and 378282246310005')).toBe('****1111, ****0004 and ****0005');
  });

  it('a number that is no card stays', () => {
    fc.assert(
      fc.property(cards, (digits) => {
        const last = (Number(digits.at(-1)) + 1) % 10;
        const near = digits.slice(0, -1) + last;
        expect(maskText(near)).toBe(near);
      })
    );
    expect(maskText('1764028800000 ms, trace 0af7651916cd43dd8448eb211c80319c, 4111.1111')).toBe(
      '1764028800000 ms, trace 0af7651916cd43dd8448eb211c80319c, 4111.1111'
    );
    expect(mask({ milliseconds: 12.5, count: 3, card: 4111111111111111 })).toEqual({ milliseconds: 12.5, count: 3, card: '****1111' });
  });

  it.each([
    ['Authorization: Bearer abc.def', 'abc'],
    ['cookie: shop_session=1.xyz; a=b', 'xyz'],
    ['GET http://redis:hunter2@redis:6379/', 'hunter2'],
    ['payment with tok_visa failed', 'visa'],
    ['{"password":"hunter2"}', 'hunter2'],
    ['?api_key=abc123&x=1', 'abc123'],
    ['eyJhbGciOi.eyJzdWIi.c2ln', 'eyJzdWIi'],
  ])('%s does not tell %s', (text, secret) => {
    expect(maskText(text)).not.toContain(secret);
  });

  it('by the name of a field, at any depth; errors too', () => {
    const error = new Error('refused Bearer abcdef');
    const masked = JSON.stringify(
      mask({
        headers: { authorization: 'a1', cookie: 'b2', 'set-cookie': ['c3'] },
        payment_token: 'd4',
        SHOPAPI_SESSION_KEY: 'e5',
        none: null,
        error,
      })
    );
    expect(masked).not.toMatch(/a1|b2|c3|d4|e5|abcdef/);
    expect(masked).toContain('"none":null');
    expect(masked).toContain('"type":"Error"');
  });

  it('ends, even in a circle', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(JSON.stringify(mask(circle))).toContain('…');
  });
});

describe('money', () => {
  it('a basket’s total is the sum of its lines, or unknown', () => {
    const items = fc.uniqueArray(fc.record({ sku: fc.stringMatching(/^[a-z]{1,6}$/), quantity: fc.integer({ min: 1, max: 99 }) }), {
      selector: ({ sku }) => sku,
      minLength: 1,
    });
    fc.assert(
      fc.property(items, fc.array(fc.option(fc.integer({ min: 0, max: 100_000 }))), (lines, amounts) => {
        const known = lines.flatMap(({ sku }, at): [string, { amount: number; currency: string }][] => {
          const amount = amounts[at];
          return typeof amount === 'number' ? [[sku, { amount, currency: 'EUR' }]] : [];
        });
        const basket = price(lines, { values: new Map(known), degraded: false }, { values: new Map(), degraded: false });
        const expected = lines.reduce((total, { sku, quantity }) => total + quantity * (new Map(known).get(sku)?.amount ?? NaN), 0);
        expect(basket.total).toEqual(Number.isNaN(expected) ? null : { amount: expected, currency: 'EUR' });
      })
    );
  });

  it('of two currencies there is no sum', () => {
    expect(sum([{ amount: 1, currency: 'EUR' }, { amount: 1, currency: 'USD' }])).toBeUndefined();
    expect(sum([])).toBeUndefined();
  });
});

it('an order’s key is a UUID that only this customer and key have', () => {
  fc.assert(
    fc.property(fc.tuple(fc.string(), fc.string()), fc.tuple(fc.string(), fc.string()), (one, other) => {
      expect(orderKey(...one)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(orderKey(...one) === orderKey(...other)).toBe(one.join('\0') === other.join('\0'));
    })
  );
});

describe('settings', () => {
  const key = { SHOPAPI_SESSION_KEY: 'k'.repeat(32) };

  it('serve a developer', () => {
    expect(settings(key)).toMatchObject({ port: 8080, urls: { catalog: 'http://catalog:8080' }, retryPercent: 20, tracesEndpoint: '' });
  });

  it.each([
    [{ ...key, SHOPAPI_PORT: 'tcp://10.0.0.1:80' }, /^SHOPAPI_PORT is 'tcp:\/\/10\.0\.0\.1:80': give a whole number from 0 to 65535$/],
    [{ ...key, SHOPAPI_TIMEOUT_SECONDS: '0' }, /^SHOPAPI_TIMEOUT_SECONDS is '0': give a number from 0\.01 to 60$/],
    [{ ...key, SHOPAPI_CATALOG_URL: 'catalog' }, /^SHOPAPI_CATALOG_URL is 'catalog': give a base URL such as/],
    [{ ...key, SHOPAPI_LOG_LEVEL: 'loud' }, /^SHOPAPI_LOG_LEVEL is 'loud': give one of error, warning, info, debug$/],
    [{ ...key, SHOPAPI_ROOT_PATH: 'shop' }, /^SHOPAPI_ROOT_PATH is 'shop': give an absolute path/],
    [{ ...key, OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, /^OTEL_EXPORTER_OTLP_ENDPOINT is 'collector:4318': give a base URL/],
    [{}, /^SHOPAPI_SESSION_KEY is not set: give at least 32 random characters/],
    [{ SHOPAPI_SESSION_KEY: 'hunter2' }, /^SHOPAPI_SESSION_KEY holds a key of 7 characters: give/],
  ])('%j is refused by name, value and remedy', (environ, message) => {
    expect(() => settings(environ)).toThrow(message);
  });

  it('a bad key is not told', () => {
    expect(() => settings({ SHOPAPI_SESSION_KEY: 'hunter2' })).not.toThrow(/hunter2/);
  });
});
