import { LostServer, ServerError } from "../api/client.ts";
import { Store } from "./store.ts";

/** What went wrong or well, shown until it is closed or replaced. */
export interface Notice {
  tone: "bad" | "good";
  text: string;
  cure: string | null;
}

export const notice = new Store<Notice | null>(null);

export function tellGood(text: string): void {
  notice.set({ tone: "good", text, cure: null });
}

/** What went well is past once the next thing is done. */
export function forgetGood(): void {
  if (notice.value?.tone === "good") notice.set(null);
}

export function tellBad(text: string, cure: string | null = null): void {
  notice.set({ tone: "bad", text, cure });
}

/** What went wrong, as the server told it, and its cure; null where the server is lost, which has its own banner. */
export function toldBy(error: unknown): { text: string; cure: string } | null {
  if (error instanceof LostServer) return null;
  if (error instanceof ServerError) return { text: error.message, cure: error.cure };
  return { text: error instanceof Error ? error.message : String(error), cure: "Reload the page." };
}

export function tell(error: unknown): void {
  const told = toldBy(error);
  if (told !== null) tellBad(told.text, told.cure);
}
