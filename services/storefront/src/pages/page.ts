import type { Api } from '../api';
import { Problem } from '../api';
import { h } from '../dom';
import type { Basket } from '../model';
import { to } from '../router';

export interface Context {
  api: Api;
  /** Aborts when one goes elsewhere. */
  signal: AbortSignal;
  /** The basket as it is now, for the header. */
  basketIs(basket: Basket): void;
  /** Said aloud by screen readers, shown to nobody else. */
  announce(text: string): void;
  names: Names;
}

/** The names of products by SKU, asked once each. */
export class Names {
  private readonly known = new Map<string, Promise<string>>();

  constructor(private readonly api: Api) {}

  learn(sku: string, name: string): void {
    this.known.set(sku, Promise.resolve(name));
  }

  /** The product's name, or its SKU as long as that is all there is. */
  of(sku: string): Promise<string> {
    let name = this.known.get(sku);
    if (!name) {
      name = this.api.product(sku).then(
        (product) => product.name,
        () => (this.known.delete(sku), sku)
      );
      this.known.set(sku, name);
    }
    return name;
  }

  /** A link that shows the name as soon as it is known. */
  link(sku: string): HTMLAnchorElement {
    const link = h('a', { href: to.product(sku) }, sku);
    void this.of(sku).then((name) => (link.textContent = name));
    return link;
  }
}

export const title = (text: string): HTMLHeadingElement => h('h1', { tabindex: -1 }, text);

export function failure(error: unknown, again?: () => void): HTMLElement {
  const text = error instanceof Problem ? error.message : 'Something went wrong on this page.';
  return h('div', { class: 'notice bad', role: 'alert' }, h('p', {}, text), again && h('button', { type: 'button', onclick: again }, 'Try again'));
}

export const waiting = (text = 'One moment…'): HTMLElement => h('p', { class: 'waiting', role: 'status' }, text);

export function quantityField(id: string, value: number, changed?: (value: number) => void): HTMLInputElement {
  const field = h('input', { id, type: 'number', min: 1, max: 99, step: 1, value, inputmode: 'numeric', class: 'quantity' });
  field.addEventListener('change', () => {
    const wanted = Math.min(99, Math.max(1, Math.round(Number(field.value) || 1)));
    field.value = String(wanted);
    changed?.(wanted);
  });
  return field;
}
