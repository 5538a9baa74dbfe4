import { expect, it } from "vitest";

import { begin, redo, step, undo } from "../src/logic/history.ts";

it("goes back and forth, and forgets the other future on a new step", () => {
  const walked = step(step(begin("a"), "b"), "c");
  expect(undo(walked).present).toBe("b");
  expect(redo(undo(walked))).toEqual(walked);
  const other = step(undo(walked), "d");
  expect(redo(other)).toBe(other);
  expect(undo(undo(other)).present).toBe("a");
});

it("has nothing before its beginning", () => {
  const start = begin(1);
  expect(undo(start)).toBe(start);
});
