/** Products, prices and stock as far as they are known: fresh from their services, or as last heard. */
import { LRUCache } from 'lru-cache';

import type { Known } from '../domain/basket';
import type { Money } from '../domain/money';
import { UpstreamError } from '../resilience/upstream';
import type { Call, Catalog, Degraded, Document, Stock } from './ports';

const LAST_GOOD_DOCUMENTS = 1000;
const LAST_GOOD_BYTES = 16 * 1024 * 1024;
const LAST_GOOD_PRICES = 20_000;
const LAST_GOOD_MILLISECONDS = 24 * 3600 * 1000;

export interface Shown extends Document {
  degraded: boolean;
}

interface Entry {
  sku: string;
  price: Money;
}

export class Products {
  private readonly documents = new LRUCache<string, Document>({
    max: LAST_GOOD_DOCUMENTS,
    maxSize: LAST_GOOD_BYTES,
    sizeCalculation: ({ text }) => text.length + 1,
    ttl: LAST_GOOD_MILLISECONDS,
  });
  private readonly lastPrices = new LRUCache<string, Money>({ max: LAST_GOOD_PRICES, ttl: LAST_GOOD_MILLISECONDS });

  constructor(
    private readonly catalog: Catalog,
    private readonly stock: Stock,
    private readonly degraded: Degraded
  ) {}

  /**
   * The catalog's document at a path; undefined if there is none. The catalog is always asked, with the ETag of what it
   * said last; only when it gives no answer, that is shown again. Throws UpstreamError if there is nothing to show.
   */
  async show(call: Call, path: string, route: string): Promise<Shown | undefined> {
    const last = this.documents.get(path);
    try {
      const found = await this.catalog.document(call, path, route, last?.etag);
      if (!found) {
        this.documents.delete(path);
        return undefined;
      }
      const document = found === 'unchanged' ? last : found;
      if (!document) {
        throw new UpstreamError('catalog', 'malformed', 'says that a document is unchanged which it never gave');
      }
      this.learn(document.text);
      this.documents.set(path, document);
      return { ...document, degraded: false };
    } catch (error) {
      if (!(error instanceof UpstreamError) || !last) {
        throw error;
      }
      call.log.warning('products as last heard', { upstream: error.upstream, reason: error.reason });
      this.degraded('catalog');
      return { text: marked(last.text), keys: last.keys, degraded: true };
    }
  }

  /** The prices of those SKUs that exist; last known ones when the catalog is away. */
  async prices(call: Call, skus: readonly string[]): Promise<Known<Money>> {
    try {
      return { values: await this.freshPrices(call, skus), degraded: false };
    } catch (error) {
      if (!(error instanceof UpstreamError)) {
        throw error;
      }
      call.log.warning('prices as last heard', { upstream: error.upstream, reason: error.reason });
      this.degraded('catalog');
      const known = skus.flatMap((sku): [string, Money][] => {
        const price = this.lastPrices.get(sku);
        return price ? [[sku, price]] : [];
      });
      return { values: new Map(known), degraded: true };
    }
  }

  /** The prices that hold now: what is bought is never priced by memory. Throws UpstreamError. */
  async freshPrices(call: Call, skus: readonly string[]): Promise<Map<string, Money>> {
    const prices = skus.length ? await this.catalog.prices(call, skus) : new Map<string, Money>();
    prices.forEach((price, sku) => this.lastPrices.set(sku, price));
    return prices;
  }

  /** How many there are; nothing is known when stock is away, for an old number would be a promise. */
  async available(call: Call, skus: readonly string[]): Promise<Known<number>> {
    try {
      return { values: skus.length ? await this.stock.available(call, skus) : new Map(), degraded: false };
    } catch (error) {
      if (!(error instanceof UpstreamError)) {
        throw error;
      }
      call.log.warning('stock is unknown', { upstream: error.upstream, reason: error.reason });
      this.degraded('stock');
      return { values: new Map(), degraded: true };
    }
  }

  private learn(text: string): void {
    const content = parsed(text);
    const entries = (content as { products?: Entry[] }).products ?? [content as Entry];
    for (const { sku, price } of entries) {
      if (typeof sku === 'string' && price) {
        this.lastPrices.set(sku, price);
      }
    }
  }
}

function parsed(text: string): object {
  try {
    const content: unknown = JSON.parse(text);
    if (content && typeof content === 'object') {
      return content;
    }
  } catch {
    // Said below.
  }
  throw new UpstreamError('catalog', 'malformed', 'its document is no JSON object');
}

const marked = (text: string): string => JSON.stringify({ ...parsed(text), degraded: true });
