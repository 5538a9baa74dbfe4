import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

import { connection } from "../state/connection.ts";
import { tellBad } from "../state/notice.ts";
import { useStore } from "../state/store.ts";

/** A part of the page whose script is loaded when it is shown for the first time. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let there: ComponentType<Props> | null = null;
  return function Later(props: Props) {
    const [, setReady] = useState(there !== null);
    const { returns } = useStore(connection);
    useEffect(() => {
      if (there !== null) return;
      load().then(
        (found) => {
          there = found;
          setReady(true);
        },
        () => tellBad("A part of the page could not be loaded.", "Reload the page."),
      );
    }, [returns]);
    const Part = there;
    return Part === null ? <p class="hint">Loading …</p> : <Part {...props} />;
  };
}
