import { expect, it } from "vitest";

import { dropDraft, keepDraft, listDrafts, readDraft, type Store } from "../src/logic/draft.ts";

function memory(): Store & { held: Map<string, string> } {
  const held = new Map<string, string>();
  return {
    held,
    getItem: (key) => held.get(key) ?? null,
    setItem: (key, value) => void held.set(key, value),
    removeItem: (key) => void held.delete(key),
  };
}

const draft = { points: [[1.5, 2] as const], reviewed: true, revision: 3 };

it("survives a reload until it is dropped", () => {
  const store = memory();
  expect(keepDraft(store, "p", "i", draft)).toBe(true);
  expect(readDraft(store, "p", "i")).toEqual(draft);
  expect(readDraft(store, "p", "other")).toBeNull();
  dropDraft(store, "p", "i");
  expect(readDraft(store, "p", "i")).toBeNull();
});

it("knows a correction that was taken back", () => {
  const store = memory();
  keepDraft(store, "p", "i", { ...draft, points: null });
  expect(readDraft(store, "p", "i")?.points).toBeNull();
});

it("takes nothing that is broken", () => {
  const store = memory();
  for (const text of ["", "{", "[]", '{"points":[[1]],"reviewed":true,"revision":1}', '{"points":[],"reviewed":1,"revision":1}']) {
    store.setItem("cytally.draft.p.i", text);
    expect(readDraft(store, "p", "i")).toBeNull();
  }
});

it("says so when the storage is full", () => {
  const full = { ...memory(), setItem: () => { throw new Error("full"); } };
  expect(keepDraft(full, "p", "i", draft)).toBe(false);
});

it("lists what is not saved, and nothing else of the browser's", () => {
  const names = ["cytally.draft.p.i", "other", "cytally.theme", "cytally.draft.p.j"];
  const store = { length: names.length, key: (place: number) => names[place] ?? null };
  expect(listDrafts(store)).toEqual([
    { project: "p", image: "i" },
    { project: "p", image: "j" },
  ]);
});
