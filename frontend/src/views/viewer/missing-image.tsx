import { useState } from "preact/hooks";

import { between, withoutName } from "../../logic/words.ts";
import { KeysDialog } from "./keys-dialog.tsx";
import { useKeys } from "./use-keys.ts";
import { WalkPanel, type Walk } from "./walk-panel.tsx";

interface Props {
  name: string;
  why: { text: string; cure: string };
  walk: Walk;
}

const nothing = (): void => undefined;

/** In place of an image that cannot be shown: why, and the way on to the others. */
export function MissingImage({ name, why, walk }: Props) {
  const [help, setHelp] = useState(false);
  useKeys({
    next: walk.next,
    previous: walk.previous,
    back: walk.back,
    help: () => setHelp(true),
    // The rest of the keys needs a picture.
    review: nothing,
    undo: nothing,
    redo: nothing,
    tool: nothing,
    toggle: nothing,
    pan: nothing,
    zoom: nothing,
    fit: nothing,
    actualSize: nothing,
    addHere: nothing,
    removeHere: nothing,
    clearSight: nothing,
  });
  return (
    <div class="workbench">
      <div class="stage missing">
        <p class="notice bad" role="alert">
          <span>
            This image cannot be shown: {withoutName(name, why.text)}
            {why.cure && (
              <span class="cure">
                {between(why.text)}
                {why.cure}
              </span>
            )}
          </span>
        </p>
      </div>
      <aside class="panels" aria-label="About this image">
        <WalkPanel name={name} walk={walk} onHelp={() => setHelp(true)} />
      </aside>
      {help && <KeysDialog onClose={() => setHelp(false)} />}
    </div>
  );
}
