/** The shop's services in the shop's words: each reads what it needs of an answer and is indifferent to the rest. */
import type { Baskets, Call, Catalog, Document, Orders, OrderView, Owned, Stock } from '../../application/ports';
import { Refused } from '../../application/ports';
import type { Item } from '../../domain/basket';
import type { Money } from '../../domain/money';
import type { NewOrder, Order, OrderLine, Step } from '../../domain/order';
import type { Answer } from '../../resilience/upstream';
import type { Client } from './client';

const encoded = encodeURIComponent;
const many = (skus: readonly string[]): string => skus.map((sku) => `sku=${encoded(sku)}`).join('&');

function money(value: unknown): Money {
  const { amount, currency } = value as Money;
  if (!Number.isInteger(amount) || typeof currency !== 'string') {
    throw new TypeError('no money');
  }
  return { amount, currency };
}

const string = (value: unknown): string => {
  if (typeof value !== 'string') {
    throw new TypeError('no text');
  }
  return value;
};

/** What a service says was wrong with a request, for the customer. */
function detail({ text }: Answer): string {
  try {
    const content = JSON.parse(text) as { detail?: unknown; title?: unknown };
    return typeof content.detail === 'string' ? content.detail : String(content.title ?? 'refused');
  } catch {
    return 'refused';
  }
}

export class CatalogClient implements Catalog {
  constructor(private readonly client: Client) {}

  async document(call: Call, path: string, route: string, etag?: string): Promise<Document | 'unchanged' | undefined> {
    const headers = etag ? { 'if-none-match': etag } : undefined;
    const answer = await this.client.ask(call, { method: 'GET', path, route, headers });
    if (answer.status === 304) {
      return 'unchanged';
    }
    if (answer.status === 404) {
      return undefined;
    }
    if (answer.status !== 200) {
      throw this.client.unexpected(answer);
    }
    const keys = ['surrogate-key', 'xkey'].flatMap((name): [string, string][] => {
      const value = answer.headers.get(name);
      return value ? [[name, value]] : [];
    });
    return { text: answer.text, etag: answer.headers.get('etag') ?? undefined, keys: Object.fromEntries(keys) };
  }

  async prices(call: Call, skus: readonly string[]): Promise<Map<string, Money>> {
    const answer = await this.client.ask(call, { method: 'GET', path: `/prices?${many(skus)}`, route: '/prices' });
    if (answer.status === 404 && skus.length > 1) {
      // One that is unknown fails the whole question: each is asked alone.
      const each = await Promise.all(skus.map((sku) => this.prices(call, [sku])));
      return new Map(each.flatMap((found) => [...found]));
    }
    if (answer.status === 404 || (answer.status === 422 && skus.length === 1)) {
      return new Map();
    }
    if (answer.status !== 200) {
      throw this.client.unexpected(answer);
    }
    return this.client.read(answer, (content: object) => {
      return new Map(Object.entries(content).map(([sku, price]) => [sku, money(price)]));
    });
  }
}

export class BasketClient implements Baskets {
  constructor(private readonly client: Client) {}

  async get(call: Call, id: string): Promise<Item[]> {
    const answer = await this.client.ask(call, { method: 'GET', path: `/baskets/${id}`, route: '/baskets/{id}' });
    if (answer.status === 404) {
      return [];
    }
    if (answer.status !== 200) {
      throw this.client.unexpected(answer);
    }
    return this.client.read(answer, ({ items }: { items: Item[] }) =>
      items.map(({ sku, quantity }) => ({ sku: string(sku), quantity: Number(quantity) }))
    );
  }

  async put(call: Call, id: string, { sku, quantity }: Item): Promise<void> {
    const path = `/baskets/${id}/items/${encoded(sku)}`;
    const answer = await this.client.ask(call, { method: 'PUT', path, route: '/baskets/{id}/items/{sku}', body: { quantity } });
    this.done(answer);
  }

  async remove(call: Call, id: string, sku: string): Promise<void> {
    const path = `/baskets/${id}/items/${encoded(sku)}`;
    this.done(await this.client.ask(call, { method: 'DELETE', path, route: '/baskets/{id}/items/{sku}' }), true);
  }

  async empty(call: Call, id: string): Promise<void> {
    this.done(await this.client.ask(call, { method: 'DELETE', path: `/baskets/${id}`, route: '/baskets/{id}' }), true);
  }

  private done(answer: Answer, absentIsDone = false): void {
    if (answer.status < 300 || (absentIsDone && answer.status === 404)) {
      return;
    }
    if ([400, 409, 413, 422].includes(answer.status)) {
      throw new Refused('conflict', detail(answer));
    }
    throw this.client.unexpected(answer);
  }
}

export class StockClient implements Stock {
  constructor(private readonly client: Client) {}

  async available(call: Call, skus: readonly string[]): Promise<Map<string, number>> {
    const answer = await this.client.ask(call, { method: 'GET', path: `/stock?${many(skus)}`, route: '/stock' });
    if (answer.status === 404) {
      return new Map();
    }
    if (answer.status !== 200) {
      throw this.client.unexpected(answer);
    }
    return this.client.read(answer, (content: Record<string, { available: unknown }>) => {
      const levels = Object.entries(content).map(([sku, { available }]): [string, number] => {
        if (!Number.isInteger(available)) {
          throw new TypeError(`no number available of ${sku}`);
        }
        return [sku, available as number];
      });
      return new Map(levels);
    });
  }
}

/** What customers are told of an order's events, and by which name. What is not here is the services' own business. */
const STEPS: Record<string, string> = {
  'orders.order-placed': 'pending',
  'stock.reserved': 'reserved',
  'orders.payment-requested': 'reserved',
  'payments.charged': 'charged',
  'payments.declined': 'declined',
  'payments.refunded': 'refunded',
  'orders.order-confirmed': 'confirmed',
  'orders.order-cancelled': 'cancelled',
};

interface Told {
  order_id: string;
  customer_id?: string;
  status: string;
  placed_at?: string;
  total?: Money;
  lines?: OrderLine[];
  reason?: string | null;
  history?: { type: string; time: string; detail?: { reason?: string } }[];
}

/** Steps out of events, oldest first; what two events say is one step. */
function steps(history: NonNullable<Told['history']>): Step[] {
  const taken = new Map<string, Step>();
  for (const { type, time, detail } of history) {
    const status = STEPS[type.replace(/\.v\d+$/, '')];
    if (status && !taken.has(status)) {
      taken.set(status, { status, at: string(time), ...(detail?.reason && { reason: detail.reason }) });
    }
  }
  return [...taken.values()];
}

/** The fields that customers are shown, of an order as either side tells it. */
function owned(told: Told): Owned {
  const { status, total, lines, history, reason, placed_at } = told;
  const order = {
    order_id: string(told.order_id),
    status: string(status),
    ...(placed_at && { placed_at }),
    ...(total && { total: money(total) }),
    ...(lines && { lines: lines.map(({ sku, quantity, unit_price }) => ({ sku, quantity, unit_price: money(unit_price) })) }),
    ...(history && { history: steps(history) }),
    ...(reason && { reason }),
  };
  return { order, customerId: told.customer_id };
}

abstract class OrderReader {
  constructor(protected readonly client: Client) {}

  async get(call: Call, id: string): Promise<Owned | undefined> {
    const answer = await this.client.ask(call, { method: 'GET', path: `/orders/${id}`, route: '/orders/{id}' });
    if (answer.status === 404) {
      return undefined;
    }
    if (answer.status !== 200) {
      throw this.client.unexpected(answer);
    }
    return this.client.read(answer, owned);
  }
}

export class OrdersClient extends OrderReader implements Orders {
  async place(call: Call, order: NewOrder, idempotencyKey: string): Promise<Order> {
    const answer = await this.client.ask(call, {
      method: 'POST',
      path: '/orders',
      route: '/orders',
      headers: { 'idempotency-key': idempotencyKey },
      body: order,
      idempotent: true,
    });
    if ([400, 409, 422].includes(answer.status)) {
      throw new Refused(answer.status === 409 ? 'conflict' : 'invalid', detail(answer));
    }
    if (![200, 201, 202].includes(answer.status)) {
      throw this.client.unexpected(answer);
    }
    return this.client.read(answer, owned).order;
  }
}

export class OrderViewClient extends OrderReader implements OrderView {
  async list(call: Call, customerId: string): Promise<Order[]> {
    const path = `/orders?customer_id=${encoded(customerId)}`;
    const answer = await this.client.ask(call, { method: 'GET', path, route: '/orders' });
    if (answer.status !== 200) {
      throw this.client.unexpected(answer);
    }
    return this.client.read(answer, ({ orders }: { orders: Told[] }) => orders.map((order) => owned(order).order));
  }
}
