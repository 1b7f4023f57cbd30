/** What the API says (services/shopapi/openapi.json). */

export interface Money {
  amount: number;
  currency: string;
}

export interface Product {
  sku: string;
  name: string;
  description: string;
  price: Money;
  tags: string[];
}

export interface ProductPage {
  products: Product[];
  total: number;
  offset: number;
}

export interface StockLevels {
  stock: Record<string, number | null>;
}

export interface BasketLine {
  sku: string;
  quantity: number;
  unit_price: Money | null;
  total: Money | null;
  available: number | null;
}

export interface Basket {
  items: BasketLine[];
  total: Money | null;
}

export interface Step {
  status: string;
  at: string;
  reason?: string;
}

export interface Order {
  order_id: string;
  status: string;
  placed_at?: string;
  total?: Money;
  lines?: { sku: string; quantity: number; unit_price: Money }[];
  history?: Step[];
  reason?: string;
}

export const MOST = 99;

/** Whether the saga is over. */
export const final = ({ status }: Order): boolean => status === 'confirmed' || status === 'cancelled';
