/** The API beside the page: relative addresses, so that both work under any path. */
import type { Basket, Order, Product, ProductPage, StockLevels } from './model';

/** An answer that is no success: what people are told, and whether it may help to try again. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string
  ) {
    super(message);
    this.name = 'Problem';
  }

  /** The request itself is wrong; the same one would be refused again. */
  get refused(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 429 && this.status !== 408;
  }
}

export interface Checkout {
  email: string;
  payment_token: string;
  idempotency_key: string;
}

type Fetch = typeof fetch;

export class Api {
  /** `onDegraded` hears with every answer whether something in it is missing or only as last known. */
  constructor(
    private readonly onDegraded: (degraded: boolean) => void,
    private readonly send: Fetch = (...request) => fetch(...request),
    private readonly base = 'api/'
  ) {}

  products(query: { q?: string; tag?: string }, signal?: AbortSignal): Promise<ProductPage> {
    const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
    const search = new URLSearchParams([...given, ['limit', '48']]);
    return this.ask('GET', `products?${search}`, undefined, signal);
  }

  product(sku: string, signal?: AbortSignal): Promise<Product> {
    return this.ask('GET', `products/${encodeURIComponent(sku)}`, undefined, signal);
  }

  async stock(skus: readonly string[], signal?: AbortSignal): Promise<StockLevels['stock']> {
    if (!skus.length) {
      return {};
    }
    const search = new URLSearchParams(skus.slice(0, 50).map((sku) => ['sku', sku]));
    return (await this.ask<StockLevels>('GET', `stock?${search}`, undefined, signal)).stock;
  }

  basket(signal?: AbortSignal): Promise<Basket> {
    return this.ask('GET', 'basket', undefined, signal);
  }

  put(sku: string, quantity: number): Promise<Basket> {
    return this.ask('PUT', `basket/items/${encodeURIComponent(sku)}`, { quantity });
  }

  remove(sku: string): Promise<Basket> {
    return this.ask('DELETE', `basket/items/${encodeURIComponent(sku)}`);
  }

  order(checkout: Checkout): Promise<Order> {
    return this.ask('POST', 'orders', checkout);
  }

  async orders(signal?: AbortSignal): Promise<Order[]> {
    return (await this.ask<{ orders: Order[] }>('GET', 'orders', undefined, signal)).orders;
  }

  orderOf(id: string, signal?: AbortSignal): Promise<Order> {
    return this.ask('GET', `orders/${encodeURIComponent(id)}`, undefined, signal);
  }

  private async ask<T extends object>(method: string, path: string, body?: object, signal?: AbortSignal): Promise<T> {
    let response: Response;
    try {
      response = await this.send(this.base + path, {
        method,
        credentials: 'same-origin',
        // Always by ETag: stale-while-revalidate is meant for shared caches, but Chromium would show old prices by it too.
        cache: 'no-cache',
        headers: body ? { 'content-type': 'application/json' } : {},
        body: body && JSON.stringify(body),
        signal,
      });
    } catch (error) {
      if (signal?.aborted) {
        throw error;
      }
      throw new Problem(0, 'The shop cannot be reached. Check your connection and try again.');
    }
    const content = (await response.json().catch(() => ({}))) as T & { detail?: string; degraded?: boolean };
    if (!response.ok) {
      throw new Problem(response.status, told(response.status, content.detail));
    }
    this.onDegraded(content.degraded === true);
    return content;
  }
}

function told(status: number, detail?: string): string {
  if (status === 429) {
    return 'That was a lot at once. Wait a moment and try again.';
  }
  if (status >= 500) {
    return 'This part of the shop cannot answer right now. Try again in a moment.';
  }
  return detail ? `${detail[0]?.toUpperCase()}${detail.slice(1)}.` : 'The shop refused this.';
}
