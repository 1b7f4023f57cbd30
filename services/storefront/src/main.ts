/** The frame around the pages: header, banner, and going from one to the other. */
import './styles.css';

import { Api } from './api';
import { h } from './dom';
import { count } from './format';
import type { Basket } from './model';
import { basket } from './pages/basket';
import { checkout } from './pages/checkout';
import { order } from './pages/order';
import { orders } from './pages/orders';
import { type Context, Names, title } from './pages/page';
import { product } from './pages/product';
import { products } from './pages/products';
import { parse, type Route, to } from './router';

const banner = h('div', { class: 'banner', role: 'status', hidden: true });
const spoken = h('div', { class: 'hidden', 'aria-live': 'polite' });
const main = h('main', { id: 'main' });
const badge = h('span', { class: 'badge' });
const links = {
  products: h('a', { href: to.products() }, 'Products'),
  orders: h('a', { href: to.orders }, 'Orders'),
  basket: h('a', { href: to.basket }, 'Basket', badge),
};

const TITLES: Record<Route['name'], string> = {
  products: 'The shop',
  product: 'Product – The shop',
  basket: 'Basket – The shop',
  checkout: 'Checkout – The shop',
  orders: 'Orders – The shop',
  order: 'Order – The shop',
  nowhere: 'Not found – The shop',
};

const api = new Api((degraded) => {
  if (degraded && banner.hidden) {
    banner.textContent = 'Part of the shop is resting. What you see may be a little old, and some of it is missing; you can go on.';
    banner.hidden = false;
  }
});
const names = new Names(api);

function basketIs({ items }: Basket): void {
  const pieces = items.reduce((total, { quantity }) => total + quantity, 0);
  badge.replaceChildren(...(pieces ? [String(pieces), h('span', { class: 'hidden' }, ` ${count(pieces, 'piece').split(' ')[1]}`)] : []));
}

function page(route: Route, context: Context): HTMLElement {
  switch (route.name) {
    case 'products':
      return products(context, route.q, route.tag);
    case 'product':
      return product(context, route.sku);
    case 'basket':
      return basket(context);
    case 'checkout':
      return checkout(context);
    case 'orders':
      return orders(context);
    case 'order':
      return order(context, route.id);
    case 'nowhere':
      return h('section', {}, title('There is nothing here'), h('p', {}, h('a', { href: to.products() }, 'See what there is')));
  }
}

let leaving = new AbortController();

function show(first = false): void {
  leaving.abort();
  leaving = new AbortController();
  const route = parse(location.hash);
  document.title = TITLES[route.name];
  // The next page says anew whether something is missing.
  banner.hidden = true;
  for (const [name, link] of Object.entries(links)) {
    link.toggleAttribute('aria-current', false);
    if (name === route.name || (name === 'products' && route.name === 'product') || (name === 'orders' && route.name === 'order')) {
      link.setAttribute('aria-current', 'page');
    }
  }
  main.replaceChildren(
    page(route, { api, signal: leaving.signal, basketIs, names, announce: (text) => (spoken.textContent = text) })
  );
  if (!first) {
    // Screen readers start where the new page does.
    (main.querySelector('h1') ?? main).focus();
    window.scrollTo(0, 0);
  }
}

function skip(event: Event): void {
  event.preventDefault(); // The part behind # says where one is in the shop.
  main.querySelector<HTMLElement>('h1')?.focus();
}

document.querySelector('#app')?.replaceChildren(
  h('a', { href: '#main', class: 'skip', onclick: skip }, 'Skip to content'),
  h(
    'header',
    {},
    h('a', { href: to.products(), class: 'brand' }, 'The shop'),
    h('nav', { 'aria-label': 'Main' }, ...Object.values(links))
  ),
  banner,
  main,
  spoken,
  h('footer', {}, h('p', {}, 'A shop to try things in: nothing is sold, no card is charged.'))
);
window.addEventListener('hashchange', () => show());
show(true);
api.basket().then(basketIs, () => undefined);
