/** Where one is in the shop, in the part of the address behind #: the page itself may lie at any path. */

export type Route =
  | { name: 'products'; q: string; tag: string }
  | { name: 'product'; sku: string }
  | { name: 'basket' }
  | { name: 'checkout' }
  | { name: 'orders' }
  | { name: 'order'; id: string }
  | { name: 'nowhere' };

export function parse(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const parts = path.split('/').filter(Boolean).map(decoded);
  const [first, second] = parts;
  if (parts.length === 0) {
    const search = new URLSearchParams(query);
    return { name: 'products', q: search.get('q') ?? '', tag: search.get('tag') ?? '' };
  }
  if (parts.length === 1 && (first === 'basket' || first === 'checkout' || first === 'orders')) {
    return { name: first };
  }
  if (parts.length === 2 && second) {
    if (first === 'products') {
      return { name: 'product', sku: second };
    }
    if (first === 'orders') {
      return { name: 'order', id: second };
    }
  }
  return { name: 'nowhere' };
}

export const to = {
  products(query: { q?: string; tag?: string } = {}): string {
    const search = new URLSearchParams(Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1])));
    return search.size ? `#/?${search}` : '#/';
  },
  product: (sku: string): string => `#/products/${encodeURIComponent(sku)}`,
  basket: '#/basket',
  checkout: '#/checkout',
  orders: '#/orders',
  order: (id: string): string => `#/orders/${encodeURIComponent(id)}`,
};

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
