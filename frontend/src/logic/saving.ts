/** How far the saving of a correction is; "kept": it did not reach the server, and is in this browser only. */
export type Saving = "saved" | "waiting" | "saving" | "kept" | "refused";

const WORDS: Record<Saving, string> = {
  saved: "Saved",
  // The pause before a save is part of it to those who look.
  waiting: "Saving …",
  saving: "Saving …",
  kept: "Not saved yet; kept in this browser",
  refused: "Not saved",
};

export function savingWords(saving: Saving, serverLost: boolean): string {
  return WORDS[serverLost && (saving === "waiting" || saving === "saving") ? "kept" : saving];
}
