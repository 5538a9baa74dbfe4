import type { SavedPoints } from "../../api/types.ts";
import { plural } from "../../logic/words.ts";
import { Dialog } from "../../parts/dialog.tsx";

interface Props {
  mine: { points: number; reviewed: boolean };
  theirs: SavedPoints;
  onChoose: (whose: "mine" | "theirs") => void;
}

const reviewedWord = (reviewed: boolean): string => (reviewed ? "reviewed" : "not reviewed");

/** Two tabs, or two people, corrected the same image: neither is thrown away without a word. */
export function ConflictDialog({ mine, theirs, onChoose }: Props) {
  return (
    <Dialog title="This image was also corrected elsewhere">
      <p>Another tab or person saved a correction meanwhile. Which one shall stay? The picture behind shows yours.</p>
      <div class="choice">
        <button type="button" onClick={() => onChoose("mine")}>
          <strong>Keep mine</strong>
          <span>
            {plural(mine.points, "point")}, {reviewedWord(mine.reviewed)}
          </span>
        </button>
        <button type="button" onClick={() => onChoose("theirs")}>
          <strong>Take the other one</strong>
          <span>
            {theirs.points === null ? "not corrected" : plural(theirs.points.length, "point")}, {reviewedWord(theirs.reviewed)}
          </span>
        </button>
      </div>
    </Dialog>
  );
}
