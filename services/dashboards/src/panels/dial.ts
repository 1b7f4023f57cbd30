/** Geometry of the gauge's dial, in degrees clockwise from the top, and in shares of its scale (0 to 1). */

export const SWEEP = 240;

export interface Point {
  x: number;
  y: number;
}

export function onCircle(center: Point, radius: number, degrees: number): Point {
  const radians = ((degrees - 90) * Math.PI) / 180;
  return { x: center.x + radius * Math.cos(radians), y: center.y + radius * Math.sin(radians) };
}

/** An SVG path along the dial between two shares of the scale. */
export function arc(center: Point, radius: number, from: number, to: number): string {
  const [start, end] = [from, to].map((share) => onCircle(center, radius, (share - 0.5) * SWEEP)) as [Point, Point];
  const large = (to - from) * SWEEP > 180 ? 1 : 0;
  return `M ${start.x} ${start.y} A ${radius} ${radius} 0 ${large} 1 ${end.x} ${end.y}`;
}

/** Where a value stands on the scale, kept within it. */
export function share(value: number, min: number, max: number): number {
  return max > min ? Math.min(Math.max((value - min) / (max - min), 0), 1) : 0;
}
