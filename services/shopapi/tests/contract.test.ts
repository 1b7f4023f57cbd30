/**
 * Both sides keep one contract: what the API asks of the services, and what the test upstreams answer in their place, fits
 * the services' own openapi.json.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { UPSTREAMS, type UpstreamName } from '../src/adapters/settings';
import { Browser, type Running, start } from './shop';
import type { Seen } from './upstreams';

interface Operation {
  parameters?: { name: string; in: string; required?: boolean; schema: object }[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
}

const document = (name: UpstreamName): string => fileURLToPath(new URL(`../../${name}/openapi.json`, import.meta.url));
const told = UPSTREAMS.filter((name) => existsSync(document(name)));

let running: Running;
const exchanges: { name: UpstreamName; seen: Seen; status: number; body: unknown }[] = [];

beforeAll(async () => {
  running = await start();
  running.upstreams.step = 0;
  running.upstreams.heard = (name, seen, status, body) => exchanges.push({ name, seen, status, body });
  const browser = new Browser(running.url);
  await browser.ask('GET', '/api/products?q=mug&tag=kitchen&limit=5&offset=0');
  await browser.ask('GET', '/api/products/enamel-mug');
  await browser.ask('PUT', '/api/basket/items/enamel-mug', { quantity: 99 });
  await browser.ask('PUT', '/api/basket/items/oak-board', { quantity: 1 });
  await browser.ask('DELETE', '/api/basket/items/oak-board');
  const { order_id } = await browser.json<{ order_id: string }>('POST', '/api/orders', {
    email: 'ada@example.com',
    payment_token: 'tok_declined',
    idempotency_key: '12345678',
  });
  await browser.ask('GET', '/api/orders');
  await browser.ask('GET', `/api/orders/${order_id}`);
  running.upstreams.faults.orderview = 'error';
  await browser.ask('GET', `/api/orders/${order_id}`);
  await browser.ask('DELETE', '/api/basket');
});
afterAll(() => running.stop());

/** The operation that a request means, by the path's template. */
function operation(api: OpenApi, { method, path }: Seen): { operation: Operation; query: URLSearchParams } {
  const url = new URL(path, 'http://upstream');
  const template = Object.keys(api.paths).find((each) => new RegExp(`^${each.replace(/\{\w+\}/g, '[^/]+')}$`).test(url.pathname));
  const found = template && api.paths[template]?.[method.toLowerCase()];
  if (!found) {
    throw new Error(`there is no ${method} ${url.pathname}`);
  }
  return { operation: found, query: url.searchParams };
}

describe.each(told)('%s', (name) => {
  const api = JSON.parse(readFileSync(document(name), 'utf8')) as OpenApi;
  const ajv = new Ajv2020({ strict: false });
  (formats as unknown as typeof formats.default)(ajv);
  ajv.addSchema(api, name);
  const check = (schema: object, value: unknown): string => {
    const here = JSON.parse(JSON.stringify(schema).replaceAll('"#/', `"${name}#/`)) as object;
    const valid = ajv.compile(here);
    return valid(value) ? '' : ajv.errorsText(valid.errors);
  };

  it('is asked for what it has, and answered for as it would', () => {
    const mine = exchanges.filter((each) => each.name === name && each.status < 500);
    expect(mine.length).toBeGreaterThan(0);
    for (const { seen, status, body } of mine) {
      const what = `${seen.method} ${seen.path} ${status}`;
      const { operation: known, query } = operation(api, seen);
      const parameters = new Set(known.parameters?.filter((each) => each.in === 'query').map((each) => each.name));
      expect([...query.keys()].filter((each) => !parameters.has(each)), what).toEqual([]);
      const asked = known.requestBody?.content['application/json']?.schema;
      if (asked) {
        expect(check(asked, seen.body), what).toBe('');
      }
      expect(Object.keys(known.responses), what).toContain(String(status));
      const answered = known.responses[status]?.content?.['application/json']?.schema;
      if (answered && body !== undefined) {
        expect(check(answered, body), what).toBe('');
      }
    }
  });
});

it('every service is held to it', () => expect(told).toEqual([...UPSTREAMS]));
