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
  lines: unknown[];
  payment_token: string;
  placed_at: string;
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
    const missing = (what: string): Told => ({ status: 404, body: { detail: `no such ${what}` } });
    switch (name) {
      case 'catalog':
        return first === 'prices' ? this.prices(skus) : this.shown(seen, second, url.searchParams);
      case 'stock':
        return { status: 200, body: skus.map((sku) => ({ sku, available: this.stock.get(sku) ?? 0 })) };
      case 'basket':
        return this.basket(seen, second, fourth);
      case 'orders':
        return seen.method === 'POST' ? this.place(seen) : (this.order(second) ?? missing('order'));
      case 'orderview':
        return second
          ? (this.order(second) ?? missing('order'))
          : {
              status: 200,
              body: {
                orders: [...this.orders.values()]
                  .filter(({ customer_id }) => customer_id === url.searchParams.get('customer_id'))
                  .map(({ order_id }) => this.order(order_id)?.body),
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
    return { status: 200, body: { id, items: [...basket].map(([each, quantity]) => ({ sku: each, quantity })) } };
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

  /** The saga by the clock: reserved after one step, confirmed or cancelled after two. */
  private order(id: string): Told | undefined {
    const placed = this.orders.get(id);
    if (!placed) {
      return undefined;
    }
    const began = Date.parse(placed.placed_at);
    const declined = placed.payment_token === 'tok_declined';
    const history = ['pending', 'reserved', declined ? 'cancelled' : 'confirmed']
      .map((status, at) => ({ status, at: new Date(began + at * this.step).toISOString() }))
      .filter(({ at }) => Date.parse(at) <= Date.now());
    const status = history.at(-1)?.status ?? 'pending';
    const lines = placed.lines as { quantity: number; unit_price: { amount: number } }[];
    const total = EUR(lines.reduce((sum, { quantity, unit_price }) => sum + quantity * unit_price.amount, 0));
    return { status: 200, body: { ...placed, status, total, history, reason: status === 'cancelled' ? 'payment declined' : null } };
  }
}
