import { expect, it } from "vitest";

import { roundBelow, scaleBar } from "../src/logic/scale-bar.ts";

it("takes 1, 2 or 5 times a power of ten", () => {
  expect([0.5, 1, 1.9, 2, 4.99, 5, 99, 250].map(roundBelow)).toEqual([0.5, 1, 1, 2, 2, 5, 50, 200]);
});

it("is as long on the screen as its label says", () => {
  // 0.5 µm per pixel, shown twice as large: 4 pixels of the screen per µm; 180 / 4 = 45, so 20 µm.
  expect(scaleBar(2, 0.5, 180)).toEqual({ label: "20 µm", pixels: 80 });
  expect(scaleBar(0.01, 0.5, 180)).toEqual({ label: "5 mm", pixels: 100 });
  expect(scaleBar(0.5, null, 180)).toEqual({ label: "200 pixels", pixels: 100 });
});
