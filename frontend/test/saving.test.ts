import { expect, it } from "vitest";

import { savingWords } from "../src/logic/saving.ts";

it("calls a correction unsaved only where the server is lost or a save failed", () => {
  expect(savingWords("waiting", false)).toBe("Saving …");
  expect(savingWords("waiting", true)).toContain("Not saved yet");
  expect(savingWords("kept", false)).toContain("Not saved yet");
  expect(savingWords("saved", true)).toBe("Saved");
});
