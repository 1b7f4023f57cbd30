import { readFileSync, writeFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { describeApi } from './describe';

const path = new URL('../openapi.json', import.meta.url);

it('openapi.json says what the routes do (`make openapi` writes it)', async () => {
  const described = `${JSON.stringify(await describeApi(), null, 2)}\n`;
  if (process.env.UPDATE_OPENAPI) {
    writeFileSync(path, described);
  }
  expect(readFileSync(path, 'utf8')).toBe(described);
  const { paths } = JSON.parse(described) as { paths: object };
  expect(Object.keys(paths).sort()).toEqual([
    '/api/basket',
    '/api/basket/items/{sku}',
    '/api/orders',
    '/api/orders/{id}',
    '/api/products',
    '/api/products/{sku}',
    '/api/stock',
  ]);
});
