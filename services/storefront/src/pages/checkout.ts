import { Problem } from '../api';
import { h } from '../dom';
import { count, money } from '../format';
import { checkoutKey, forgetCheckoutKey } from '../keys';
import type { Basket } from '../model';
import { to } from '../router';
import { type Context, failure, title, waiting } from './page';

/** What the payment provider's simulator does with each; there are no real cards here. */
export const TOKENS = [
  ['tok_visa', 'Test card that pays'],
  ['tok_declined', 'Test card that the bank declines'],
  ['tok_insufficient_funds', 'Test card without enough money'],
] as const;

export function checkout(context: Context): HTMLElement {
  const content = h('div', {}, waiting());
  void load();
  return h('section', {}, title('Checkout'), content);

  async function load(): Promise<void> {
    try {
      const basket = await context.api.basket(context.signal);
      context.basketIs(basket);
      content.replaceChildren(
        basket.items.length ? form(basket) : h('p', {}, 'Your basket is empty. ', h('a', { href: to.products() }, 'Look around'))
      );
    } catch (error) {
      if (!context.signal.aborted) {
        content.replaceChildren(failure(error, () => void load()));
      }
    }
  }

  function form(basket: Basket): HTMLElement {
    const email = h('input', {
      id: 'email',
      name: 'email',
      type: 'email',
      required: true,
      maxlength: 254,
      autocomplete: 'email',
      'aria-describedby': 'email-help email-error',
    });
    const wrong = h('p', { id: 'email-error', class: 'wrong', role: 'alert' });
    const problem = h('div');
    let unsure = false;
    const order = h('button', { type: 'submit', class: 'primary' }, `Order for ${money(basket.total)}`);

    const place = async (): Promise<void> => {
      const good = email.validity.valid;
      email.setAttribute('aria-invalid', String(!good));
      wrong.textContent = good ? '' : 'Give an email address, such as ada@example.com.';
      if (!good) {
        email.focus();
        return;
      }
      order.disabled = true;
      problem.replaceChildren(waiting('Placing your order…'));
      const chosen = content.querySelector<HTMLInputElement>('input[name="payment"]:checked')?.value ?? TOKENS[0][0];
      try {
        const placed = await context.api.order({ email: email.value, payment_token: chosen, idempotency_key: checkoutKey(basket) });
        forgetCheckoutKey();
        context.basketIs({ items: [], total: null });
        location.hash = to.order(placed.order_id);
      } catch (error) {
        // After a lost answer the key stays, and trying again cannot order twice.
        if (error instanceof Problem && error.refused) {
          forgetCheckoutKey();
          if (unsure && error.status === 409) {
            // The basket is empty, since the order whose answer was lost has been placed.
            location.hash = to.orders;
            return;
          }
        } else {
          unsure = true;
        }
        problem.replaceChildren(failure(error));
        order.disabled = false;
      }
    };

    const pieces = basket.items.reduce((total, { quantity }) => total + quantity, 0);
    return h(
      'form',
      {
        class: 'checkout',
        novalidate: true,
        onsubmit: (event) => {
          event.preventDefault();
          void place();
        },
      },
      h('p', {}, `${count(pieces, 'piece')}, ${money(basket.total)} together. `, h('a', { href: to.basket }, 'Change')),
      h('label', { for: 'email' }, 'Email'),
      email,
      h('p', { id: 'email-help', class: 'help' }, 'We write to it when the order is confirmed or cancelled.'),
      wrong,
      h(
        'fieldset',
        {},
        h('legend', {}, 'Payment'),
        ...TOKENS.map(([token, text], at) =>
          h('label', { class: 'choice' }, h('input', { type: 'radio', name: 'payment', value: token, checked: at === 0 }), text)
        )
      ),
      order,
      problem
    );
  }
}
