/** One key for one checkout: a repeat after a lost answer must not order twice, and a new basket is a new order. */
import type { Basket } from './model';

const AT = 'shop.checkout';

/** The key for this basket; the same one until the order is placed or refused. */
export function checkoutKey({ items }: Basket, storage: Storage = sessionStorage): string {
  const what = items.map(({ sku, quantity }) => `${sku}:${quantity}`).join(' ');
  const [key, before] = (storage.getItem(AT) ?? '').split('|');
  if (key && before === what) {
    return key;
  }
  const fresh = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  storage.setItem(AT, `${fresh}|${what}`);
  return fresh;
}

export const forgetCheckoutKey = (storage: Storage = sessionStorage): void => storage.removeItem(AT);
