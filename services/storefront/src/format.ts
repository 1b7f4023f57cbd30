import type { Money } from './model';

/** An amount as people read it; "price unknown" for none. */
export function money(value: Money | null | undefined, locale = 'en-IE'): string {
  if (!value) {
    return 'price unknown';
  }
  return new Intl.NumberFormat(locale, { style: 'currency', currency: value.currency }).format(value.amount / 100);
}

export const time = (rfc3339: string, locale = 'en-IE'): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(rfc3339));

export const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`;

/** How a stock level is told: undefined is "not asked yet", null "not known now". */
export function availability(available: number | null | undefined): { text: string; tone: 'good' | 'low' | 'none' | 'unknown' } {
  if (available === undefined) {
    return { text: '', tone: 'unknown' };
  }
  if (available === null) {
    return { text: 'Stock is not known right now', tone: 'unknown' };
  }
  if (available <= 0) {
    return { text: 'Sold out', tone: 'none' };
  }
  return available < 5 ? { text: `Only ${available} left`, tone: 'low' } : { text: `${available} in stock`, tone: 'good' };
}
