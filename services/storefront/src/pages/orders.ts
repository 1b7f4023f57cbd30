import { h } from '../dom';
import { money, time } from '../format';
import type { Order } from '../model';
import { to } from '../router';
import { type Context, failure, title, waiting } from './page';

export function orders(context: Context): HTMLElement {
  const content = h('div', {}, waiting());
  const load = async (): Promise<void> => {
    try {
      const found = await context.api.orders(context.signal);
      content.replaceChildren(
        found.length
          ? h('ul', { class: 'orders' }, ...found.map(entry))
          : h('p', {}, 'You have not ordered anything yet. ', h('a', { href: to.products() }, 'Look around'))
      );
    } catch (error) {
      if (!context.signal.aborted) {
        content.replaceChildren(failure(error, () => void load()));
      }
    }
  };
  void load();
  return h('section', {}, title('Your orders'), content);
}

const entry = ({ order_id, status, placed_at, total }: Order): HTMLLIElement =>
  h(
    'li',
    {},
    h('a', { href: to.order(order_id) }, `Order ${order_id.slice(-8)}`),
    h('span', { class: `state ${status}` }, status),
    Boolean(placed_at) && h('time', { datetime: placed_at }, time(placed_at ?? '')),
    Boolean(total) && h('span', {}, money(total))
  );
