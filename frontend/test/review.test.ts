import { expect, it } from "vitest";

import { reviewsMissing, whyNotReviewed } from "../src/logic/review.ts";

it("does not let an image without a count be called empty", () => {
  expect(whyNotReviewed({ count: null }, { touched: false, shown: 0 })).toContain("Count the image first");
  expect(whyNotReviewed({ count: null }, { touched: true, shown: 0 })).toBeNull();
});

it("asks for points where a model gives none", () => {
  expect(whyNotReviewed({ count: 12.3 }, { touched: false, shown: 0 })).toContain("gives no points");
  expect(whyNotReviewed({ count: 12.3 }, { touched: false, shown: 12 })).toBeNull();
});

it("takes a counted image without cells as it is", () => {
  expect(whyNotReviewed({ count: 0.1 }, { touched: false, shown: 0 })).toBeNull();
});

it("says how many reviewed images a training still needs", () => {
  expect(reviewsMissing(1)).toContain("4 reviewed images to train and compare: 3 more");
  expect(reviewsMissing(4)).toBeNull();
});
