/** Products and stock: the same for everyone, so products may rest in shared caches. No cookie is read or set here. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { Products, Shown } from '../../application/products';
import type { Settings } from '../settings';
import type { Caller } from './app';
import { Problem } from './problems';
import { input, output, responses } from './schemas';

export function productRoutes(api: FastifyInstance, products: Products, settings: Settings, caller: Caller): void {
  api.get<{ Querystring: Record<string, string | number> }>(
    '/products',
    {
      schema: {
        tags: ['products'],
        summary: 'Search products, best first',
        querystring: input.products,
        response: responses(200, 'The products found', output.products, 400),
      },
    },
    async (request, reply) => {
      const query = new URLSearchParams(Object.entries(request.query).map(([name, value]): [string, string] => [name, String(value)]));
      query.sort(); // One question, one key, however it is written.
      const shown = await products.show(caller(request), query.size ? `/products?${query}` : '/products', '/products');
      return answer(request, reply, settings, shown);
    }
  );

  api.get<{ Params: { sku: string } }>(
    '/products/:sku',
    {
      schema: {
        tags: ['products'],
        summary: 'One product',
        params: input.sku,
        response: responses(200, 'The product', output.product, 400, 404),
      },
    },
    async (request, reply) => {
      const shown = await products.show(caller(request), `/products/${request.params.sku}`, '/products/{sku}');
      return answer(request, reply, settings, shown);
    }
  );

  api.get<{ Querystring: { sku: string[] } }>(
    '/stock',
    {
      schema: {
        tags: ['products'],
        summary: 'How many there are now',
        querystring: input.stock,
        response: responses(200, 'Available by SKU; null is unknown', output.stock, 400),
      },
    },
    async (request) => {
      const { sku } = request.query;
      const { values, degraded } = await products.available(caller(request), sku);
      return { stock: Object.fromEntries(sku.map((each) => [each, values.get(each) ?? null])), degraded };
    }
  );
}

function answer(request: FastifyRequest, reply: FastifyReply, settings: Settings, shown?: Shown): FastifyReply {
  if (!shown) {
    throw new Problem(404, 'Not found', 'there is no such product');
  }
  reply.headers({ ...shown.keys, 'cache-control': cacheControl(settings, shown.degraded) });
  if (shown.etag) {
    reply.header('etag', shown.etag);
    if (matches(request.headers['if-none-match'], shown.etag)) {
      return reply.code(304).send();
    }
  }
  return reply.type('application/json; charset=utf-8').send(shown.text);
}

/** Browsers ask every time, by ETag; shared caches keep it and are purged by its keys. What is degraded must not outlive its cause. */
function cacheControl({ freshSeconds, staleSeconds, spareSeconds }: Settings, degraded: boolean): string {
  const shared = degraded ? 's-maxage=1' : `s-maxage=${freshSeconds}, stale-while-revalidate=${staleSeconds}, stale-if-error=${spareSeconds}`;
  return `public, max-age=0, ${shared}`;
}

/** If-None-Match compares weakly (RFC 9110, 13.1.2). */
export function matches(header: string | undefined, etag: string): boolean {
  const bare = (tag: string): string => tag.trim().replace(/^W\//, '');
  return header !== undefined && (header.trim() === '*' || header.split(',').some((tag) => bare(tag) === bare(etag)));
}
