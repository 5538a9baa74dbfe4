import { expect, it } from "vitest";

import { boundsHint } from "../src/logic/bounds.ts";
import { COLOUR, countedIn, firstLight } from "../src/views/viewer/lighting.ts";

const channels = ["DAPI", "", "GFP"];

it("opens on the channel chosen before, else on the one that was counted in", () => {
  const open = (counted: number | null, chosen?: number, names = channels) => firstLight({ channels: names, counted_channel: counted }, chosen).channel;
  expect(open(1)).toBe(1);
  expect(open(1, 2)).toBe(2);
  expect(open(1, COLOUR)).toBe(COLOUR);
  expect(open(null)).toBe(COLOUR);
  expect(open(null, undefined, ["grey"])).toBe(0);
});

it("names the channel that was counted in where there are others", () => {
  expect(countedIn({ channels, counted_channel: 0 })).toBe("DAPI");
  expect(countedIn({ channels, counted_channel: 1 })).toBe("channel 2");
  expect(countedIn({ channels, counted_channel: null })).toBeNull();
  expect(countedIn({ channels: ["grey"], counted_channel: 0 })).toBeNull();
});

it("explains bounds that leave the count out", () => {
  expect(boundsHint({ count: 10, lower: 12, upper: 20 })).toContain("counts too few");
  expect(boundsHint({ count: 30, lower: 12, upper: 20 })).toContain("counts too many");
  expect(boundsHint({ count: 12, lower: 12, upper: 20 })).toBeNull();
  expect(boundsHint({ count: 30, lower: null, upper: null })).toBeNull();
});
