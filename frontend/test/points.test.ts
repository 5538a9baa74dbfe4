import { describe, expect, it } from "vitest";

import type { Point } from "../src/api/types.ts";
import { added, cleared, compare, inside, nearest, samePoints, without } from "../src/logic/points.ts";

const three: Point[] = [
  [0, 0],
  [10, 20],
  [10.5, 20],
];

describe("points", () => {
  it("takes the closest one, and none out of reach", () => {
    expect(nearest(three, [10.4, 20], 5)).toBe(2);
    expect(nearest(three, [3, 4], 5)).toBe(0);
    expect(nearest(three, [3, 4], 4.9)).toBe(-1);
    expect(nearest([], [0, 0], 5)).toBe(-1);
  });

  it("adds and removes without changing what was there", () => {
    expect(added(three, [1.234, 5.678])).toEqual([...three, [1.23, 5.68]]);
    expect(without(three, 1)).toEqual([three[0], three[2]]);
    expect(three).toHaveLength(3);
  });

  it("clears a box drawn in any direction, its edges included", () => {
    const left = [three[0], three[2]];
    expect(cleared(three, { y0: 5, x0: 20, y1: 10, x1: 30 })).toEqual(left);
    expect(cleared(three, { y0: 10, x0: 30, y1: 5, x1: 20 })).toEqual(left);
  });

  it("knows that a pixel reaches half a pixel around its centre", () => {
    expect(inside([-0.5, -0.5], 4, 6)).toBe(true);
    expect(inside([3.4, 5.4], 4, 6)).toBe(true);
    expect(inside([3.5, 0], 4, 6)).toBe(false);
    expect(inside([0, 5.5], 4, 6)).toBe(false);
  });

  it("tells what a person kept, placed and removed", () => {
    const changes = compare(three, [three[0]!, [7, 7]]);
    expect(changes).toEqual({ kept: [[0, 0]], placed: [[7, 7]], removed: [three[1], three[2]] });
  });

  it("takes a rounded point for the same one, across whole numbers too", () => {
    const changes = compare([[2.9996, 7.12345]], [[3, 7.12]]);
    expect(changes).toEqual({ kept: [[3, 7.12]], placed: [], removed: [] });
    expect(compare([[3, 7]], [[3.2, 7]]).placed).toEqual([[3.2, 7]]);
  });

  it("compares lists by value", () => {
    expect(samePoints([[1, 2]], [[1, 2]])).toBe(true);
    expect(samePoints([[1, 2]], [[1, 3]])).toBe(false);
    expect(samePoints([], null)).toBe(false);
    expect(samePoints(null, [])).toBe(false);
    expect(samePoints(null, null)).toBe(true);
  });
});
