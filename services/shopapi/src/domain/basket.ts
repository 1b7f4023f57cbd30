import { type Money, sum, times } from './money';

export interface Item {
  sku: string;
  quantity: number;
}

/** A line as the customer sees it: null is "not known now", never "free" or "none left". */
export interface Line extends Item {
  unit_price: Money | null;
  total: Money | null;
  available: number | null;
}

export interface Basket {
  items: Line[];
  /** Null unless every line has a price. */
  total: Money | null;
  degraded: boolean;
}

/** What is known about prices or stock, and whether it is only what was known last. */
export interface Known<T> {
  values: ReadonlyMap<string, T>;
  degraded: boolean;
}

/** The basket with prices and stock. */
export function price(items: readonly Item[], prices: Known<Money>, stock: Known<number>): Basket {
  const lines = items.map(({ sku, quantity }): Line => {
    const unit = prices.values.get(sku) ?? null;
    return {
      sku,
      quantity,
      unit_price: unit,
      total: unit && times(unit, quantity),
      available: stock.values.get(sku) ?? null,
    };
  });
  const totals = lines.flatMap(({ total }) => (total ? [total] : []));
  return {
    items: lines,
    total: totals.length === lines.length ? (sum(totals) ?? null) : null,
    degraded: prices.degraded || stock.degraded,
  };
}
