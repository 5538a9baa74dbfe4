import { useLayoutEffect, useRef } from "preact/hooks";

import { answerKey, type Actions } from "./keys.ts";

/** Answers the keys of the viewer as long as the image is shown, and no dialog. */
export function useKeys(actions: Actions): void {
  const now = useRef(actions);
  now.current = actions;
  // Keys are answered as soon as the image is shown, not only after it is drawn.
  useLayoutEffect(() => {
    const answer = (event: KeyboardEvent): void => {
      if (document.querySelector("dialog[open]")) return;
      if (answerKey(event, now.current)) event.preventDefault();
    };
    document.addEventListener("keydown", answer);
    return () => document.removeEventListener("keydown", answer);
  }, []);
}
