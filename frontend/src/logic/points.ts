import type { Point } from "../api/types.ts";

/** Corners of a box in pixels of the image, in any order. */
export interface Box {
  y0: number;
  x0: number;
  y1: number;
  x1: number;
}

/** The place in the list of the point closest to `at`, or -1 where none is within `reach` pixels. */
export function nearest(points: readonly Point[], at: Point, reach: number): number {
  let best = -1;
  let least = reach * reach;
  points.forEach(([y, x], index) => {
    const square = (y - at[0]) ** 2 + (x - at[1]) ** 2;
    if (square <= least) {
      least = square;
      best = index;
    }
  });
  return best;
}

export function added(points: readonly Point[], at: Point): Point[] {
  return [...points, [round(at[0]), round(at[1])]];
}

export function without(points: readonly Point[], index: number): Point[] {
  return points.filter((_, place) => place !== index);
}

/** What is left when all points of a box are taken away; the box's edges belong to it. */
export function cleared(points: readonly Point[], box: Box): Point[] {
  const top = Math.min(box.y0, box.y1);
  const bottom = Math.max(box.y0, box.y1);
  const left = Math.min(box.x0, box.x1);
  const right = Math.max(box.x0, box.x1);
  return points.filter(([y, x]) => y < top || y > bottom || x < left || x > right);
}

/** Hundredths of a pixel are finer than anyone can click, and keep the file short. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Inside the image: a pixel reaches half a pixel to each side of its centre. */
export function inside(at: Point, height: number, width: number): boolean {
  return at[0] >= -0.5 && at[1] >= -0.5 && at[0] < height - 0.5 && at[1] < width - 0.5;
}

/** The same point, but for rounding: the server keeps fewer digits than the model gives. */
const SAME = 0.05;

/** What a person changed of what the model found: the points of both, of one, of the other. */
export function compare(
  model: readonly Point[],
  corrected: readonly Point[],
): { kept: Point[]; placed: Point[]; removed: Point[] } {
  const before = lookup(model);
  const after = lookup(corrected);
  return {
    kept: corrected.filter(before),
    placed: corrected.filter((point) => !before(point)),
    removed: model.filter((point) => !after(point)),
  };
}

/** Whether a point is in a list; sorted into squares of one pixel, so that thousands are quick. */
function lookup(points: readonly Point[]): (point: Point) => boolean {
  const squares = new Map<string, Point[]>();
  for (const point of points) {
    const key = `${Math.floor(point[0])},${Math.floor(point[1])}`;
    squares.set(key, [...(squares.get(key) ?? []), point]);
  }
  const near = (value: number): Set<number> => new Set([Math.floor(value - SAME), Math.floor(value + SAME)]);
  return ([y, x]) => {
    for (const row of near(y)) {
      for (const column of near(x)) {
        const there = squares.get(`${row},${column}`) ?? [];
        if (there.some((other) => Math.abs(other[0] - y) <= SAME && Math.abs(other[1] - x) <= SAME)) return true;
      }
    }
    return false;
  };
}

export function samePoints(one: readonly Point[] | null, other: readonly Point[] | null): boolean {
  if (one === null || other === null) return one === other;
  return (
    one.length === other.length &&
    one.every(([y, x], index) => {
      const [otherY, otherX] = other[index] ?? [Number.NaN, Number.NaN];
      return Math.abs(otherY - y) <= SAME && Math.abs(otherX - x) <= SAME;
    })
  );
}
