import { h } from '../dom';
import { availability, money } from '../format';
import type { Basket, BasketLine } from '../model';
import { to } from '../router';
import { type Context, failure, quantityField, title, waiting } from './page';

export function basket(context: Context): HTMLElement {
  const content = h('div', {}, waiting());
  const problem = h('div');

  const change = async (work: () => Promise<Basket>, said: string): Promise<void> => {
    content.setAttribute('aria-busy', 'true');
    try {
      show(await work());
      problem.replaceChildren();
      context.announce(said);
    } catch (error) {
      if (!context.signal.aborted) {
        problem.replaceChildren(failure(error, () => void change(() => context.api.basket(context.signal), '')));
      }
    } finally {
      content.removeAttribute('aria-busy');
    }
  };

  const row = (line: BasketLine): HTMLTableRowElement => {
    const { sku, quantity, unit_price, total, available } = line;
    const id = `quantity-${sku}`;
    const enough = available === null || available >= quantity;
    const { text, tone } = availability(available);
    return h(
      'tr',
      {},
      h('th', { scope: 'row' }, context.names.link(sku), !enough && h('span', { class: `stock ${tone}` }, text)),
      h('td', { 'data-label': 'Each' }, money(unit_price)),
      h(
        'td',
        { 'data-label': 'Quantity' },
        h('label', { for: id, class: 'hidden' }, `Quantity of ${sku}`),
        quantityField(id, quantity, (wanted) => void change(() => context.api.put(sku, wanted), 'Quantity changed'))
      ),
      h('td', { 'data-label': 'Total' }, money(total)),
      h(
        'td',
        {},
        h(
          'button',
          { type: 'button', class: 'quiet', 'aria-label': `Remove ${sku}`, onclick: () => void change(() => context.api.remove(sku), 'Removed') },
          'Remove'
        )
      )
    );
  };

  const show = (now: Basket): void => {
    context.basketIs(now);
    if (!now.items.length) {
      content.replaceChildren(h('p', {}, 'There is nothing in it yet. ', h('a', { href: to.products() }, 'Look around')));
      return;
    }
    content.replaceChildren(
      h(
        'table',
        { class: 'lines' },
        h('caption', { class: 'hidden' }, 'What is in your basket'),
        h('thead', {}, h('tr', {}, ...['Product', 'Each', 'Quantity', 'Total'].map((text) => h('th', { scope: 'col' }, text)), h('td'))),
        h('tbody', {}, ...now.items.map(row)),
        h(
          'tfoot',
          {},
          h(
            'tr',
            {},
            h('th', { scope: 'row', colspan: 3 }, 'Together'),
            h('td', { 'data-label': 'Together' }, h('strong', {}, money(now.total))),
            h('td')
          )
        )
      ),
      h('p', {}, h('a', { href: to.checkout, class: 'button primary' }, 'Check out'))
    );
  };

  void change(() => context.api.basket(context.signal), '');
  return h('section', {}, title('Your basket'), problem, content);
}
