import type { Money } from './money';

export interface OrderLine {
  sku: string;
  quantity: number;
  unit_price: Money;
}

/** One step of the saga. */
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
  lines?: OrderLine[];
  history?: Step[];
  reason?: string;
}

/** What orders is asked for. */
export interface NewOrder {
  customer_id: string;
  email: string;
  lines: OrderLine[];
  payment_token: string;
}
