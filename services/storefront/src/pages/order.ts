import { Problem } from '../api';
import { h } from '../dom';
import { money, time } from '../format';
import { final, type Order, type Step } from '../model';
import { poll } from '../poll';
import { to } from '../router';
import { type Context, failure, title, waiting } from './page';

const TOLD: Record<string, string> = {
  pending: 'We have your order and are looking for the goods.',
  reserved: 'The goods are set aside; your payment is on its way.',
  confirmed: 'Paid. Your order is confirmed.',
  cancelled: 'Your order was cancelled, and you pay nothing.',
};

/** The steps that an order takes: those it took, and the ones that still lie ahead if all goes well. */
export function steps({ status, history = [], placed_at }: Order): (Step | { status: string; at?: undefined })[] {
  const taken: Step[] = history.length ? history : placed_at ? [{ status: 'pending', at: placed_at }] : [];
  if (status === 'confirmed' || status === 'cancelled') {
    return taken;
  }
  const seen = new Set(taken.map((step) => step.status));
  return [...taken, ...['pending', 'reserved', 'confirmed'].filter((each) => !seen.has(each)).map((each) => ({ status: each }))];
}

export function order(context: Context, id: string): HTMLElement {
  const told = h('p', { class: 'lead', role: 'status' });
  const content = h('div', {}, waiting());
  const problem = h('div');
  let last = '';

  void poll<Order>(
    {
      ask: (signal) => context.api.orderOf(id, signal),
      done: final,
      show: (now) => {
        problem.replaceChildren();
        const text = TOLD[now.status] ?? `It is ${now.status}.`;
        if (text !== last) {
          last = text; // A status region speaks with each change of its text.
          told.textContent = text;
        }
        content.replaceChildren(shown(context, now));
      },
      fail: (error) => {
        if (error instanceof Problem && error.status === 404) {
          content.replaceChildren(h('p', {}, 'You have no such order. ', h('a', { href: to.orders }, 'Your orders')));
          return;
        }
        problem.replaceChildren(failure(error));
      },
    },
    context.signal
  );
  const back = h('p', {}, h('a', { href: to.orders }, 'All your orders'));
  return h('section', { class: 'order' }, title(`Order ${id.slice(-8)}`), told, problem, content, back);
}

function shown(context: Context, now: Order): HTMLElement {
  return h(
    'div',
    { 'data-status': now.status },
    h(
      'ol',
      { class: 'steps', 'aria-label': 'How it goes' },
      ...steps(now).map(({ status, at }) =>
        h(
          'li',
          { class: at ? `taken ${status}` : 'ahead', 'aria-current': status === now.status ? 'step' : undefined },
          h('span', { class: 'name' }, status),
          at ? h('time', { datetime: at }, time(at)) : h('span', { class: 'hidden' }, 'not yet')
        )
      )
    ),
    Boolean(now.reason) && h('p', { class: 'notice bad' }, `Reason: ${now.reason}`),
    Boolean(now.lines?.length) &&
      h(
        'ul',
        { class: 'bought', 'aria-label': 'What you ordered' },
        ...(now.lines ?? []).map(({ sku, quantity, unit_price }) =>
          h('li', {}, `${quantity} × `, context.names.link(sku), ` at ${money(unit_price)}`)
        )
      ),
    Boolean(now.total) && h('p', { class: 'price' }, money(now.total))
  );
}
