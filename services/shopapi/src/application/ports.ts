/** What the use cases need of the world. Every method throws UpstreamError when its service gives no usable answer. */
import type { Context } from '@opentelemetry/api';

import type { Item } from '../domain/basket';
import type { Money } from '../domain/money';
import type { NewOrder, Order } from '../domain/order';

/** On whose behalf something is asked: its trace, until when, and where to say what went wrong. */
export interface Call {
  context: Context;
  deadline: AbortSignal;
  log: { warning(message: string, fields?: object): void };
}

/** A document of the catalog as it came: JSON, with what caches need. */
export interface Document {
  text: string;
  etag?: string;
  /** Surrogate-Key and xkey, by which the edge drops it. */
  keys: Record<string, string>;
}

export interface Catalog {
  /** The document at a path of the catalog; `unchanged` if it still has that ETag; undefined if there is none. */
  document(call: Call, path: string, route: string, etag?: string): Promise<Document | 'unchanged' | undefined>;
  /** The prices of those SKUs that exist. */
  prices(call: Call, skus: readonly string[]): Promise<Map<string, Money>>;
}

export interface Baskets {
  get(call: Call, id: string): Promise<Item[]>;
  put(call: Call, id: string, item: Item): Promise<void>;
  remove(call: Call, id: string, sku: string): Promise<void>;
  empty(call: Call, id: string): Promise<void>;
}

export interface Stock {
  /** How many of each SKU can be reserved now; SKUs without stock records are left out. */
  available(call: Call, skus: readonly string[]): Promise<Map<string, number>>;
}

/** The command side. */
export interface Orders {
  place(call: Call, order: NewOrder, idempotencyKey: string): Promise<Order>;
  get(call: Call, id: string): Promise<Owned | undefined>;
}

/** An order and whose it is, if the service says so. */
export interface Owned {
  order: Order;
  customerId?: string;
}

/** The query side. */
export interface OrderView {
  list(call: Call, customerId: string): Promise<Order[]>;
  get(call: Call, id: string): Promise<Owned | undefined>;
}

/** What the customer did is refused, with the reason as people read it. */
export class Refused extends Error {
  constructor(
    readonly kind: 'unknown' | 'conflict' | 'invalid',
    message: string
  ) {
    super(message);
    this.name = 'Refused';
  }
}

/** Counts answers that were given without an upstream. */
export type Degraded = (upstream: string) => void;
