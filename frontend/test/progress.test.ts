import { expect, it } from "vitest";

import { percent, progressWords } from "../src/logic/progress.ts";

const job = { kind: "count", done: 8.849557522123893, total: 20, message: null, seconds_left: null } as const;

it("tells whole percents, and none of a share of pixels where a message tells the images", () => {
  expect(progressWords(job)).toBe("44 % done");
  expect(progressWords({ ...job, message: "Counting: 3 of 20 images" })).toBe("");
  expect(progressWords({ ...job, message: "Counting: 3 of 20 images", seconds_left: 60 })).toBe("60 seconds left");
  expect(progressWords({ ...job, kind: "suggest", message: "Looking", seconds_left: 60 })).toBe("44 % done, 60 seconds left");
});

it("does not round up to what is not done", () => {
  expect(percent({ done: 199, total: 200 })).toBe(99);
  expect(percent({ done: 0, total: 0 })).toBe(0);
});
