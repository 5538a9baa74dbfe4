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

/** A lost server has its own banner; everything else is told as the server told it. */
export function tell(error: unknown): void {
  if (error instanceof LostServer) return;
  if (error instanceof ServerError) tellBad(error.message, error.cure);
  else tellBad(error instanceof Error ? error.message : String(error), "Reload the page.");
}
