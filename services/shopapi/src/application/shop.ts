/** What a customer does: fills a basket, checks out, looks at orders. A customer is known by the session's id. */
import { createHash } from 'node:crypto';

import { LRUCache } from 'lru-cache';

import { type Basket, type Item, price } from '../domain/basket';
import { sum, times } from '../domain/money';
import type { Order } from '../domain/order';
import { UpstreamError } from '../resilience/upstream';
import { type Baskets, type Call, type Degraded, type Orders, type OrderView, Refused } from './ports';
import type { Products } from './products';

export interface Checkout {
  email: string;
  payment_token: string;
  idempotency_key: string;
}

export interface OrderList {
  orders: Order[];
  degraded: boolean;
}

const REMEMBERED = 5000;
const REMEMBERED_MILLISECONDS = 24 * 3600 * 1000;

export class Shop {
  /** Own answers to checkouts, newest last, by customer: what is shown while the query side is away. */
  private readonly placed = new LRUCache<string, Order[]>({ max: REMEMBERED, ttl: REMEMBERED_MILLISECONDS });
  private readonly answers = new LRUCache<string, Order>({ max: REMEMBERED, ttl: REMEMBERED_MILLISECONDS });

  constructor(
    private readonly products: Products,
    private readonly baskets: Baskets,
    private readonly orders: Orders,
    private readonly view: OrderView,
    private readonly degraded: Degraded
  ) {}

  async basket(call: Call, customer: string): Promise<Basket> {
    const items = await this.baskets.get(call, customer);
    const skus = items.map(({ sku }) => sku);
    const [prices, stock] = await Promise.all([this.products.prices(call, skus), this.products.available(call, skus)]);
    return price(items, prices, stock);
  }

  /** Puts a product into the basket. Throws Refused if the catalog does not have it. */
  async put(call: Call, customer: string, item: Item): Promise<Basket> {
    const { values, degraded } = await this.products.prices(call, [item.sku]);
    if (!values.has(item.sku) && !degraded) {
      throw new Refused('unknown', `there is no product '${item.sku}'`);
    }
    await this.baskets.put(call, customer, item);
    return this.basket(call, customer);
  }

  async remove(call: Call, customer: string, sku: string): Promise<Basket> {
    await this.baskets.remove(call, customer, sku);
    return this.basket(call, customer);
  }

  async empty(call: Call, customer: string): Promise<void> {
    await this.baskets.empty(call, customer);
  }

  /**
   * Orders what is in the basket at the prices that hold now, then empties it. The same key gives the same order.
   * Throws Refused for an empty basket and for products that are gone.
   */
  async checkout(call: Call, customer: string, { email, payment_token, idempotency_key }: Checkout): Promise<Order> {
    const key = orderKey(customer, idempotency_key);
    const before = this.answers.get(key);
    if (before) {
      return before;
    }
    const items = await this.baskets.get(call, customer);
    if (!items.length) {
      throw new Refused('conflict', 'the basket is empty');
    }
    const skus = items.map(({ sku }) => sku);
    const prices = await this.products.freshPrices(call, skus);
    const gone = skus.filter((sku) => !prices.has(sku));
    if (gone.length) {
      throw new Refused('conflict', `no longer sold: ${gone.join(', ')}; take them out of the basket`);
    }
    const lines = items.flatMap(({ sku, quantity }) => {
      const unit_price = prices.get(sku);
      return unit_price ? [{ sku, quantity, unit_price }] : [];
    });
    const total = sum(lines.map(({ unit_price, quantity }) => times(unit_price, quantity)));
    const answer = await this.orders.place(call, { customer_id: customer, email, lines, payment_token }, key);
    const order = { placed_at: new Date().toISOString(), total, ...answer, lines };
    this.answers.set(key, order);
    this.placed.set(customer, [...(this.placed.get(customer) ?? []).slice(-49), order]);
    try {
      await this.baskets.empty(call, customer);
    } catch (error) {
      // The order stands; a full basket is a nuisance, a failed checkout would be a lie.
      call.log.warning('the basket was not emptied after the order', { order_id: order.order_id, error });
    }
    return order;
  }

  /** The customer's orders, newest first; those placed here when the query side is away. */
  async list(call: Call, customer: string): Promise<OrderList> {
    const own = this.placed.get(customer) ?? [];
    try {
      const listed = await this.view.list(call, customer);
      const seen = new Set(listed.map(({ order_id }) => order_id));
      // The query side is a moment behind: what was placed a second ago shall not be missing.
      const fresh = own.filter(({ order_id }) => !seen.has(order_id)).reverse();
      return { orders: [...fresh, ...listed], degraded: false };
    } catch (error) {
      if (!(error instanceof UpstreamError)) {
        throw error;
      }
      call.log.warning('orders from own answers', { upstream: error.upstream, reason: error.reason });
      this.degraded('orderview');
      return { orders: [...own].reverse(), degraded: true };
    }
  }

  /** One order of the customer: from the query side, else from the command side, else as it was answered here. */
  async order(call: Call, customer: string, id: string): Promise<{ order: Order; degraded: boolean } | undefined> {
    const own = this.placed.get(customer)?.find(({ order_id }) => order_id === id);
    const allowed = (owner?: string): boolean => (owner === undefined ? own !== undefined : owner === customer);
    const failures: UpstreamError[] = [];
    for (const side of [this.view, this.orders]) {
      try {
        const found = await side.get(call, id);
        if (found) {
          const order = { ...own, ...found.order };
          return allowed(found.customerId) ? { order, degraded: failures.length > 0 } : undefined;
        }
      } catch (error) {
        if (!(error instanceof UpstreamError)) {
          throw error;
        }
        failures.push(error);
        call.log.warning('the order is asked elsewhere', { upstream: error.upstream, reason: error.reason });
        this.degraded(error.upstream);
      }
    }
    if (own) {
      return { order: own, degraded: failures.length > 0 };
    }
    if (failures[0]) {
      throw failures[0];
    }
    return undefined;
  }
}

/** The key by which orders knows a checkout: no customer can meet another's, whatever key they choose. A UUID of version 8. */
export function orderKey(customer: string, key: string): string {
  const hex = createHash('sha256').update(`${customer}\0${key}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
