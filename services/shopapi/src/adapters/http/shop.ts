/** Basket, checkout and orders of the session. */
import type { FastifyInstance } from 'fastify';

import type { Checkout, Shop } from '../../application/shop';
import type { Settings } from '../settings';
import type { Caller } from './app';
import { session } from './guards';
import { Problem } from './problems';
import { input, output, responses } from './schemas';

export function shopRoutes(api: FastifyInstance, shop: Shop, settings: Settings, caller: Caller): void {
  const basket = (...problems: number[]): object => responses(200, 'The basket', output.basket, ...problems);

  api.get('/basket', { schema: { tags: ['basket'], summary: 'The basket', response: basket() } }, async (request, reply) => {
    return shop.basket(caller(request), session(request, reply, settings));
  });

  api.put<{ Params: { sku: string }; Body: { quantity: number } }>(
    '/basket/items/:sku',
    {
      schema: {
        tags: ['basket'],
        summary: 'Have this many of a product in the basket',
        params: input.sku,
        body: input.quantity,
        response: basket(400, 403, 404, 409),
      },
    },
    async (request, reply) => {
      const item = { sku: request.params.sku, quantity: request.body.quantity };
      return shop.put(caller(request), session(request, reply, settings), item);
    }
  );

  api.delete<{ Params: { sku: string } }>(
    '/basket/items/:sku',
    { schema: { tags: ['basket'], summary: 'Take a product out', params: input.sku, response: basket(400, 403) } },
    async (request, reply) => shop.remove(caller(request), session(request, reply, settings), request.params.sku)
  );

  api.delete(
    '/basket',
    { schema: { tags: ['basket'], summary: 'Empty the basket', response: responses(204, 'It is empty', undefined, 403) } },
    async (request, reply) => {
      await shop.empty(caller(request), session(request, reply, settings));
      return reply.code(204).send();
    }
  );

  api.post<{ Body: Checkout }>(
    '/orders',
    {
      schema: {
        tags: ['orders'],
        summary: 'Order what is in the basket',
        body: input.checkout,
        response: responses(202, 'Taken on; its status tells how it goes', output.placed, 400, 403, 409),
      },
    },
    async (request, reply) => {
      const order = await shop.checkout(caller(request), session(request, reply, settings), request.body);
      return reply.code(202).header('location', `orders/${order.order_id}`).send(order);
    }
  );

  api.get(
    '/orders',
    { schema: { tags: ['orders'], summary: 'Own orders, newest first', response: responses(200, 'The orders', output.orders) } },
    async (request, reply) => shop.list(caller(request), session(request, reply, settings))
  );

  api.get<{ Params: { id: string } }>(
    '/orders/:id',
    {
      schema: {
        tags: ['orders'],
        summary: 'One of the own orders with its history',
        params: input.orderId,
        response: responses(200, 'The order', output.order, 400, 404),
      },
    },
    async (request, reply) => {
      const found = await shop.order(caller(request), session(request, reply, settings), request.params.id);
      if (!found) {
        throw new Problem(404, 'Not found', 'you have no such order');
      }
      return { ...found.order, degraded: found.degraded };
    }
  );
}
