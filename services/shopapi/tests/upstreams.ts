/** The other side of the API for tests: real HTTP servers that keep the shop's contract, and fail when told to. */
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { type UpstreamName, UPSTREAMS } from '../src/adapters/settings';

export interface Seen {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
}

interface Told {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

type Fault = 'none' | 'error' | 'slow' | 'reset';

const EUR = (amount: number): { amount: number; currency: string } => ({ amount, currency: 'EUR' });
const product = (sku: string, name: string, description: string, amount: number, ...tags: string[]): Product => ({
  sku,
  name,
  description,
  price: EUR(amount),
  tags,
});

interface Product {
  sku: string;
  name: string;
  description: string;
  price: { amount: number; currency: string };
  tags: string[];
}

interface Placed {
  order_id: string;
  customer_id: string;
  email: string;
  lines: { sku: string; quantity: number; unit_price: { amount: number; currency: string } }[];
  payment_token: string;
  placed_at: string;
}

/** An order as orderview tells it; orders tells the same without what others add. */
interface Saga extends Omit<Placed, 'email' | 'payment_token'> {
  status: string;
  reason: string | null;
  payment: string;
  total: { amount: number; currency: string };
  mails: string[];
  updated_at: string;
  history: { type: string; time: string; detail: object }[];
}

export class Upstreams {
  readonly seen = Object.fromEntries(UPSTREAMS.map((name) => [name, []])) as unknown as Record<UpstreamName, Seen[]>;
  readonly faults = Object.fromEntries(UPSTREAMS.map((name) => [name, 'none'])) as Record<UpstreamName, Fault>;
  /** Answers that replace what a service would say. */
  readonly instead: Partial<Record<UpstreamName, (seen: Seen) => Told | undefined | Promise<undefined>>> = {};
  readonly products = new Map(
    [
      product('enamel-mug', 'Enamel mug', 'A mug that survives the campfire.', 1290, 'kitchen', 'outdoor'),
      product('linen-apron', 'Linen apron', 'Heavy linen, two pockets.', 3900, 'kitchen'),
      product('oak-board', 'Oak board', 'A cutting board of one piece.', 4450, 'kitchen', 'wood'),
      product('wool-blanket', 'Wool blanket', 'Merino, woven slowly.', 11900, 'outdoor', 'home'),
      product('brass-lamp', 'Brass lamp', 'Warm light for long evenings.', 8900, 'home'),
      product('field-notebook', 'Field notebook', 'Ruled paper that takes rain.', 950, 'outdoor', 'paper'),
    ].map((each) => [each.sku, each])
  );
  readonly stock = new Map([...this.products.keys()].map((sku, at) => [sku, at === 3 ? 0 : 12 - at]));
  readonly baskets = new Map<string, Map<string, number>>();
  readonly orders = new Map<string, Placed>();
  readonly keys = new Map<string, string>();
  /** Hears every exchange. */
  heard: (name: UpstreamName, seen: Seen, status: number, body: unknown) => void = () => undefined;
  /** Milliseconds that a step of the saga takes. */
  step = 300;
  private readonly servers: Server[] = [];
  readonly urls = {} as Record<UpstreamName, string>;

  static async start(): Promise<Upstreams> {
    const made = new Upstreams();
    await Promise.all(UPSTREAMS.map((name) => made.serve(name)));
    return made;
  }

  async stop(): Promise<void> {
    for (const server of this.servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  /** As a fresh shop. */
  reset(): void {
    for (const name of UPSTREAMS) {
      this.seen[name].length = 0;
      this.faults[name] = 'none';
      delete this.instead[name];
    }
    this.baskets.clear();
    this.orders.clear();
    this.keys.clear();
  }

  environment(): Record<string, string> {
    return Object.fromEntries(UPSTREAMS.map((name) => [`SHOPAPI_${name.toUpperCase()}_URL`, this.urls[name]]));
  }

  private async serve(name: UpstreamName): Promise<void> {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) {
        chunks.push(chunk as Buffer);
      }
      const text = Buffer.concat(chunks).toString();
      const seen = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: (text ? JSON.parse(text) : {}) as Record<string, unknown>,
      };
      this.seen[name].push(seen);
      const fault = this.faults[name];
      if (fault === 'reset') {
        request.socket.destroy();
        return;
      }
      if (fault === 'slow') {
        return; // The caller gives up.
      }
      const told = fault === 'error' ? { status: 503 } : ((await this.instead[name]?.(seen)) ?? this.answer(name, seen));
      this.heard(name, seen, told.status, told.body);
      response.writeHead(told.status, { 'content-type': 'application/json', ...told.headers });
      response.end(told.body === undefined ? '' : JSON.stringify(told.body));
    });
    this.servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.urls[name] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  private answer(name: UpstreamName, seen: Seen): Told {
    const url = new URL(seen.path, 'http://upstream');
    const [, first = '', second = '', , fourth = ''] = url.pathname.split('/');
    const skus = url.searchParams.getAll('sku');
    switch (name) {
      case 'catalog':
        return first === 'prices' ? this.prices(skus) : this.shown(seen, second, url.searchParams);
      case 'stock':
        return {
          status: 200,
          body: Object.fromEntries(skus.map((sku) => [sku, { sku, available: this.stock.get(sku) ?? 0, reserved: 0, sold: 0 }])),
        };
      case 'basket':
        return this.basket(seen, second, fourth);
      case 'orders':
        return seen.method === 'POST' ? this.place(seen) : this.answerOrder(second, ({ history: _, mails: __, payment: ___, ...known }) => known);
      case 'orderview':
        return second
          ? this.answerOrder(second, (known) => known)
          : {
              status: 200,
              body: {
                orders: [...this.orders.values()]
                  .filter(({ customer_id }) => customer_id === url.searchParams.get('customer_id'))
                  .map(({ order_id }) => this.order(order_id)!)
                  .map(({ history: _, mails: __, lines: ___, customer_id: ____, ...row }) => row),
                next_cursor: null,
              },
            };
    }
  }

  private prices(skus: string[]): Told {
    const missing = skus.filter((sku) => !this.products.has(sku));
    return missing.length
      ? { status: 404, body: { detail: `no such product: ${missing.join(', ')}` } }
      : { status: 200, body: Object.fromEntries(skus.map((sku) => [sku, this.products.get(sku)?.price])) };
  }

  private shown(seen: Seen, sku: string, query: URLSearchParams): Told {
    const words = (query.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
    const tag = query.get('tag');
    const found = [...this.products.values()].filter(
      ({ name, description, tags }) =>
        words.every((word) => `${name} ${description} ${tags.join(' ')}`.toLowerCase().includes(word)) && (!tag || tags.includes(tag))
    );
    const body = sku ? this.products.get(sku) : { products: found, total: found.length, offset: 0 };
    if (!body) {
      return { status: 404, body: { detail: 'no such product' } };
    }
    const etag = `"${createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 16)}"`;
    const keys = sku ? `product:${sku}` : `products ${found.map((each) => `product:${each.sku}`).join(' ')}`;
    const headers = { etag, 'surrogate-key': keys, xkey: keys };
    return seen.headers['if-none-match'] === etag ? { status: 304, headers } : { status: 200, body, headers };
  }

  private basket({ method, body }: Seen, id: string, sku: string): Told {
    const basket = this.baskets.get(id) ?? new Map<string, number>();
    this.baskets.set(id, basket);
    if (method === 'PUT') {
      basket.set(sku, Number(body.quantity));
    } else if (method === 'DELETE' && sku) {
      basket.delete(sku);
    } else if (method === 'DELETE') {
      basket.clear();
      return { status: 204 };
    }
    return { status: 200, body: { basket_id: id, items: [...basket].map(([each, quantity]) => ({ sku: each, quantity })) } };
  }

  private place({ headers, body }: Seen): Told {
    const key = String(headers['idempotency-key']);
    const order_id = this.keys.get(key) ?? randomUUID();
    if (!this.keys.has(key)) {
      this.keys.set(key, order_id);
      this.orders.set(order_id, { ...(body as unknown as Placed), order_id, placed_at: new Date().toISOString() });
    }
    return { status: 202, body: { order_id, status: 'pending' } };
  }

  private answerOrder(id: string, shown: (order: Saga) => object): Told {
    const found = this.order(id);
    return found ? { status: 200, body: shown(found) } : { status: 404, body: { detail: `no such order: ${id}` } };
  }

  /** The saga by the clock: reserved after one step, confirmed or cancelled after two. */
  private order(id: string): Saga | undefined {
    const placed = this.orders.get(id);
    if (!placed) {
      return undefined;
    }
    const { order_id, customer_id, placed_at, lines } = placed;
    const declined = placed.payment_token === 'tok_declined';
    const reason = declined ? 'payment declined' : null;
    const events: [number, string][] = [
      [0, 'orders.order-placed.v1'],
      [1, 'stock.reserved.v1'],
      [1, 'orders.payment-requested.v1'],
      [2, declined ? 'payments.declined.v1' : 'payments.charged.v1'],
      [2, declined ? 'orders.order-cancelled.v1' : 'orders.order-confirmed.v1'],
      [2, declined ? 'stock.released.v1' : 'stock.committed.v1'],
    ];
    const past = events.filter(([step]) => Date.parse(placed_at) + step * this.step <= Date.now());
    const at = (step: number): string => new Date(Date.parse(placed_at) + step * this.step).toISOString();
    const last = past.at(-1)?.[0] ?? 0;
    const over = last === 2;
    return {
      order_id,
      customer_id,
      status: over ? (declined ? 'cancelled' : 'confirmed') : last === 1 ? 'reserved' : 'pending',
      reason: over ? reason : null,
      payment: over ? (declined ? 'declined' : 'charged') : last === 1 ? 'requested' : 'none',
      lines,
      total: EUR(lines.reduce((sum, { quantity, unit_price }) => sum + quantity * unit_price.amount, 0)),
      mails: [],
      placed_at,
      updated_at: at(last),
      history: past.map(([step, type]) => ({ type, time: at(step), detail: type.includes('cancelled') ? { reason } : {} })),
    };
  }
}
