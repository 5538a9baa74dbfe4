import { useCallback, useLayoutEffect, useRef, useState } from "preact/hooks";

import { connection } from "./connection.ts";
import { tell } from "./notice.ts";
import { useStore } from "./store.ts";

export interface Polled<T> {
  value: T | null;
  refresh: () => void;
}

/**
 * Asks at once, and again `seconds` after each answer. An answer to an older question is never shown.
 *
 * @param ask Has to be the same function as long as the question is the same (`useCallback`).
 */
export function usePoll<T>(ask: () => Promise<T>, seconds: number): Polled<T> {
  const [value, setValue] = useState<{ ask: () => Promise<T>; answer: T } | null>(null);
  const [wish, setWish] = useState(0);
  const { returns } = useStore(connection);
  const pause = useRef(seconds);
  pause.current = seconds;

  // Before the browser draws: what the drawing takes would delay the question.
  useLayoutEffect(() => {
    let stopped = false;
    let failed = "";
    let timer: ReturnType<typeof setTimeout> | undefined;
    const turn = async (): Promise<void> => {
      try {
        const answer = await ask();
        if (stopped) return;
        setValue({ ask, answer });
        failed = "";
      } catch (error) {
        if (stopped) return;
        // Said once, not every second.
        if (String(error) !== failed) tell(error);
        failed = String(error);
      }
      // A page nobody looks at asks seldom.
      timer = setTimeout(() => void turn(), pause.current * (document.hidden ? 5000 : 1000));
    };
    void turn();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [ask, wish, returns, seconds]);

  const refresh = useCallback(() => setWish((before) => before + 1), []);
  return { value: value !== null && value.ask === ask ? value.answer : null, refresh };
}
