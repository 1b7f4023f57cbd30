import { art } from '../art';
import { Problem } from '../api';
import { h } from '../dom';
import { availability, count, money } from '../format';
import { MOST } from '../model';
import { to } from '../router';
import { type Context, failure, quantityField, title, waiting } from './page';

export function product(context: Context, sku: string): HTMLElement {
  const section = h('section', {}, waiting());
  void show();
  return section;

  async function show(): Promise<void> {
    try {
      const { name, description, price, tags } = await context.api.product(sku, context.signal);
      context.names.learn(sku, name);
      document.title = `${name} – The shop`;
      const stock = h('p', { class: 'stock', 'aria-live': 'polite' });
      const outcome = h('p', { class: 'outcome', role: 'status' });
      const quantity = quantityField('quantity', 1);
      const add = h('button', { type: 'submit', class: 'primary' }, 'Add to basket');
      const form = h(
        'form',
        {
          class: 'buy',
          onsubmit: (event) => {
            event.preventDefault();
            void put();
          },
        },
        h('label', { for: 'quantity' }, 'Quantity'),
        quantity,
        add
      );
      const put = async (): Promise<void> => {
        add.disabled = true;
        try {
          const inBasket = (await context.api.basket()).items.find((line) => line.sku === sku)?.quantity ?? 0;
          const wanted = Math.min(MOST, inBasket + Number(quantity.value));
          context.basketIs(await context.api.put(sku, wanted));
          outcome.replaceChildren(`${count(wanted, 'piece')} in your basket. `, h('a', { href: to.basket }, 'Go to the basket'));
        } catch (error) {
          outcome.replaceChildren(failure(error));
        } finally {
          add.disabled = false;
        }
      };
      section.replaceChildren(
        h('p', {}, h('a', { href: to.products() }, '← All products')),
        h(
          'div',
          { class: 'product' },
          art(sku),
          h(
            'div',
            {},
            title(name),
            h('p', { class: 'lead' }, description),
            h('p', { class: 'price' }, money(price)),
            stock,
            form,
            outcome,
            h('ul', { class: 'tags', 'aria-label': 'Tags' }, ...tags.map((tag) => h('li', {}, h('a', { href: to.products({ tag }) }, tag))))
          )
        )
      );
      const levels: Record<string, number | null> = await context.api.stock([sku], context.signal).catch(() => ({ [sku]: null }));
      const { text, tone } = availability(levels[sku]);
      stock.classList.add(tone);
      stock.textContent = text;
      if (tone === 'none') {
        add.disabled = true;
        add.textContent = 'Sold out';
      }
    } catch (error) {
      if (context.signal.aborted) {
        return;
      }
      const gone = error instanceof Problem && error.status === 404;
      section.replaceChildren(
        title(gone ? 'This product is gone' : 'The product cannot be shown'),
        gone ? h('p', {}, h('a', { href: to.products() }, 'See what there is')) : failure(error, () => void show())
      );
    }
  }
}
