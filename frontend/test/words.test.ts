import { expect, it } from "vitest";

import { batches } from "../src/logic/batches.ts";
import { curve } from "../src/logic/curve.ts";
import { between, bytes, count, duration, interval, number, plural, withoutName } from "../src/logic/words.ts";

it("writes counts no finer than they are known", () => {
  expect([0, 43.13, 99.96, 1234.5, null].map(count)).toEqual(["0", "43.1", "100", "1,235", "–"]);
  expect(interval(38.8, 148.2)).toBe("38.8 to 148");
  expect(interval(null, 5)).toBe("");
});

it("tells times and sizes in words", () => {
  expect([2, 62, 600, 7200].map(duration)).toEqual(["a few seconds", "60 seconds", "10 minutes", "2 hours"]);
  expect(bytes(2e9)).toBe("2 GB");
  expect([number(7), number(12345)]).toEqual(["7", "12,345"]);
  expect([plural(1, "image"), plural(1200, "image")]).toEqual(["1 image", "1,200 images"]);
});

it("sends files in handfuls, and a large one on its own", () => {
  const sizes = [1, 1, 1, 50, 60, 1].map((size) => ({ size }));
  expect(batches(sizes, 2, 100).map((batch) => batch.map(({ size }) => size))).toEqual([[1, 1], [1, 50], [60, 1]]);
  expect(batches([{ size: 500 }], 2, 100)).toHaveLength(1);
  expect(batches([])).toEqual([]);
});

it("draws a curve from its first to its last step", () => {
  const samples = [
    { step: 10, value: 4 },
    { step: 20, value: 2 },
    { step: 30, value: Number.NaN },
  ];
  expect(curve(samples, { width: 100, height: 50 })).toEqual({ path: "M0.0,0.0L100.0,50.0", least: 2, most: 4, last: samples[1] });
  expect(curve([], { width: 100, height: 50 })).toBeNull();
});

it("keeps an error and its cure apart, and says a name once", () => {
  expect(["is cut off or damaged", "This is not an image."].map(between)).toEqual(["; ", " "]);
  expect(withoutName("a.png", "a.png: is empty")).toBe("is empty");
  expect(withoutName("a.png", "b.png: is empty")).toBe("b.png: is empty");
});
