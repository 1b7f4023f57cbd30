/** How a variable's value is written into PromQL. */

const quoted = (text: string): string => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"');
const regex = (text: string): string => quoted(text.replace(/[\\^$*+?.()|[\]{}]/g, '\\$&'));

interface Variable {
  multi?: boolean;
  includeAll?: boolean;
}

/**
 * One value stands between quotes, so quotes and backslashes are escaped; of a variable that can hold several, every
 * value becomes a regular expression's alternative, since such a variable is matched with `=~`.
 */
export function promqlFormat(value: unknown, variable: Variable): string {
  if (Array.isArray(value)) {
    const alternatives = value.map((item) => regex(String(item)));
    return alternatives.length === 1 ? (alternatives[0] ?? '') : `(${alternatives.join('|')})`;
  }
  return variable.multi || variable.includeAll ? regex(String(value)) : quoted(String(value));
}
