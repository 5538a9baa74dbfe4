import { number } from "../../logic/words.ts";

export interface Walk {
  /** Counted from 0. */
  place: number;
  total: number;
  next: () => void;
  previous: () => void;
  back: () => void;
}

export function WalkPanel({ name, walk, onHelp }: { name: string; walk: Walk; onHelp: () => void }) {
  return (
    <section class="panel walk">
      <h1 title={name}>{name}</h1>
      <div class="row">
        <button type="button" onClick={walk.back} aria-label="Back to the list">
          List
        </button>
        <button type="button" onClick={walk.previous} disabled={walk.place <= 0} aria-keyshortcuts="p" aria-label="Previous image">
          ‹ Previous
        </button>
        <button type="button" onClick={walk.next} disabled={walk.place >= walk.total - 1} aria-keyshortcuts="n" aria-label="Next image">
          Next ›
        </button>
        <button type="button" onClick={onHelp} aria-keyshortcuts="?" aria-label="Keys">
          ?
        </button>
      </div>
      {walk.total > 0 && (
        <p class="hint">
          Image {number(Math.max(walk.place, 0) + 1)} of {number(walk.total)}
        </p>
      )}
    </section>
  );
}
