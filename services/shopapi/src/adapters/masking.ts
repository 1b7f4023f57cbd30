/** What must never be read in a log: secrets by the name of their field or their form, card numbers by Luhn's sum. */

const MASK = '***';
const SECRET_NAME =
  /passw(or)?d|secret|token|authorization|cookie|credential|(api|session|private)[-_]?key|card[-_]?(number|no)|^(pan|cvc|cvv2?)$/i;
const SECRET_TEXT: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${MASK}`],
  [/\b((?:proxy-)?authorization|(?:set-)?cookie)(["']?\s*[:=]\s*)[^\r\n]+/gi, `$1$2${MASK}`],
  [/\b([\w-]*(?:password|secret|token|api[-_]?key))(["']?\s*[:=]\s*["']?)[^\s"'&,;}]+/gi, `$1$2${MASK}`],
  [/\btok_\w+/g, `tok_${MASK}`],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, MASK], // a JSON Web Token
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s/@]+@/gi, `$1:${MASK}@`],
];
/** Digits in groups, as people and forms write card numbers. */
const DIGITS = /(?<![\w.-])\d+(?:[ -]\d+)*(?![\w-])/g;

/** Luhn's sum over digits is a multiple of ten (ISO/IEC 7812-1). */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits[digits.length - 1 - at]);
    sum += at % 2 ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
  }
  return sum % 10 === 0;
}

/** Card networks number from 2 to 6; a time in milliseconds begins with 1. */
const card = (digits: string): boolean => /^[2-6]\d{12,18}$/.test(digits) && luhn(digits);

/** Masks every stretch of groups, joined by one kind of separator, that is a card number; neighbours it shares digits with too. */
function maskCards(run: string): string {
  const parts = run.split(/([ -])/);
  const hit = new Set<number>();
  for (let from = 0; from < parts.length; from += 2) {
    for (let to = from; to < parts.length && (to < from + 4 || parts[to - 1] === parts[from + 1]); to += 2) {
      if (card(parts.slice(from, to + 1).filter((_, at) => at % 2 === 0).join(''))) {
        for (let at = from; at <= to; at += 1) {
          hit.add(at);
        }
      }
    }
  }
  return parts
    .map((part, at) => (hit.has(at) ? (hit.has(at + 1) ? '' : `****${part.padStart(4, '*').slice(-4)}`) : part))
    .join('');
}

/** A text without secrets; of a card number its last four digits stay. */
export function maskText(text: string): string {
  const masked = SECRET_TEXT.reduce((value, [pattern, by]) => value.replace(pattern, by), text);
  return masked.replace(DIGITS, maskCards);
}

/** A value to log, masked at any depth. Errors become type, message and stack. */
export function mask(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') {
    return maskText(value);
  }
  if (typeof value === 'number' || typeof value === 'bigint') {
    return card(String(value)) ? maskText(String(value)) : Number(value);
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }
  if (depth > 6) {
    return '…';
  }
  if (value instanceof Error) {
    return { type: value.name, message: maskText(value.message), stack: maskText(value.stack ?? '') };
  }
  if (Array.isArray(value)) {
    return value.map((item) => mask(item, depth + 1));
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, SECRET_NAME.test(name) && item !== null && item !== '' ? MASK : mask(item, depth + 1)])
  );
}
