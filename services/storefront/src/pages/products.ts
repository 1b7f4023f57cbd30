import { art } from '../art';
import { h } from '../dom';
import { availability, count, money } from '../format';
import type { Product } from '../model';
import { to } from '../router';
import { type Context, failure, title, waiting } from './page';

const PAUSE = 250;

export function products(context: Context, q: string, tag: string): HTMLElement {
  const results = h('div', { class: 'results' }, waiting());
  let current = q;
  let asked = new AbortController();

  const find = async (): Promise<void> => {
    asked.abort();
    asked = new AbortController();
    const signal = AbortSignal.any([asked.signal, context.signal]);
    results.setAttribute('aria-busy', 'true');
    try {
      const page = await context.api.products({ q: current, tag }, signal);
      page.products.forEach(({ sku, name }) => context.names.learn(sku, name));
      const cards = new Map(page.products.map((product) => [product.sku, card(product)]));
      const found = `${count(page.total, 'product')}${current ? ` for “${current}”` : ''}${tag ? ` tagged “${tag}”` : ''}`;
      results.replaceChildren(
        h('p', { class: 'found' }, found, Boolean(tag) && h('a', { href: to.products({ q: current }) }, 'Show all tags')),
        cards.size ? h('ul', { class: 'cards' }, ...cards.values()) : h('p', {}, 'Nothing fits. Try fewer words.')
      );
      context.announce(found);
      void badges(cards, signal);
    } catch (error) {
      if (!signal.aborted) {
        results.replaceChildren(failure(error, () => void find()));
      }
    } finally {
      if (!signal.aborted) {
        results.removeAttribute('aria-busy');
      }
    }
  };

  const badges = async (cards: Map<string, HTMLElement>, signal: AbortSignal): Promise<void> => {
    const stock = await context.api.stock([...cards.keys()], signal).catch(() => ({}));
    for (const [sku, available] of Object.entries(stock)) {
      const { text, tone } = availability(available);
      if (tone === 'none' || tone === 'low') {
        cards.get(sku)?.querySelector('.meta')?.append(h('span', { class: `stock ${tone}` }, text));
      }
    }
  };

  let timer: ReturnType<typeof setTimeout> | undefined;
  const placeholder = 'Mugs, lamps, paper…';
  const search = h('input', { type: 'search', id: 'q', name: 'q', value: q, maxlength: 200, autocomplete: 'off', placeholder });
  const changed = (): void => {
    clearTimeout(timer);
    current = search.value.trim();
    history.replaceState(null, '', to.products({ q: current, tag }));
    void find();
  };
  search.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(changed, PAUSE);
  });
  const form = h(
    'form',
    {
      role: 'search',
      class: 'search',
      onsubmit: (event) => {
        event.preventDefault();
        changed();
      },
    },
    h('label', { for: 'q' }, 'Search the shop'),
    h('div', { class: 'row' }, search, h('button', { type: 'submit' }, 'Search'))
  );
  void find();
  return h('section', {}, title('Useful things, well made'), form, results);
}

function card({ sku, name, description, price, tags }: Product): HTMLLIElement {
  return h(
    'li',
    { class: 'card' },
    art(sku),
    h('h2', {}, h('a', { href: to.product(sku), class: 'cover' }, name)),
    h('p', {}, description),
    h('p', { class: 'meta' }, h('strong', {}, money(price))),
    h('ul', { class: 'tags', 'aria-label': 'Tags' }, ...tags.map((tag) => h('li', {}, h('a', { href: to.products({ tag }) }, tag))))
  );
}
