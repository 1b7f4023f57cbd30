/** A picture for each product, drawn from its SKU: the same one every time. */
import { svg } from './dom';

/** FNV-1a, 32 bits. */
export function seed(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return hash;
}

export function art(sku: string): SVGElement {
  let state = seed(sku);
  const next = (most: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
  const hue = next(360);
  const shapes = Array.from({ length: 5 }, (_, at) => {
    const fill = `hsl(${(hue + 25 + next(60)) % 360} ${35 + next(30)}% ${45 + next(30)}%)`;
    const [x, y, size] = [next(160), next(120), 24 + next(44)];
    return (at + next(2)) % 2
      ? svg('circle', { cx: x, cy: y, r: size / 1.6, fill, opacity: 0.75 })
      : svg('rect', {
          ...{ x: x - size / 2, y: y - size / 2, width: size, height: size, rx: 10, fill, opacity: 0.75 },
          transform: `rotate(${next(90)} ${x} ${y})`,
        });
  });
  return svg(
    'svg',
    { viewBox: '0 0 160 120', class: 'art', 'aria-hidden': 'true', preserveAspectRatio: 'xMidYMid slice' },
    svg('rect', { width: 160, height: 120, fill: `hsl(${hue} 40% 86%)` }),
    ...shapes
  );
}
