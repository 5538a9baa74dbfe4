import type { ImageDetail } from "../../api/types.ts";
import { whyNotReviewed } from "../../logic/review.ts";
import { savingWords } from "../../logic/saving.ts";
import { number, plural } from "../../logic/words.ts";
import { connection } from "../../state/connection.ts";
import { useStore } from "../../state/store.ts";
import type { Correction, CorrectionState } from "./correction.ts";
import { setTool, type Tool } from "./settings.ts";

const TOOLS: { tool: Tool; name: string; key: string }[] = [
  { tool: "points", name: "Add or remove", key: "a" },
  { tool: "box", name: "Clear a box", key: "b" },
  { tool: "look", name: "Look", key: "l" },
];

interface Props {
  detail: ImageDetail;
  correction: Correction;
  state: CorrectionState;
  tool: Tool;
}

/** Whether the model has counted in two ways that tell two numbers. */
function twoWays({ count, overlays }: ImageDetail, points: number): boolean {
  return count !== null && overlays.includes("density") && Math.round(count) !== points;
}

export function CorrectionPanel({ detail, correction, state, tool }: Props) {
  const { lost } = useStore(connection);
  const touched = state.history.present !== null;
  const why = state.reviewed ? null : whyNotReviewed(detail, { touched, shown: correction.shown.length });
  return (
    <section class="panel" aria-label="Correction">
      <p class="figure" aria-live="polite" data-testid="corrected">
        <span class="big">{number(correction.shown.length)}</span> {touched ? "points, corrected by you" : "points, as the model found them"}
      </p>
      {!touched && twoWays(detail, state.model.length) && (
        <p class="hint">
          The count is the sum of a density map, the points are its peaks: two ways of counting, which seldom agree exactly. You correct
          the points.
        </p>
      )}
      <div class="switch" role="group" aria-label="What a click does">
        {TOOLS.map((choice) => (
          <button
            key={choice.tool}
            type="button"
            aria-pressed={tool === choice.tool}
            aria-keyshortcuts={choice.key}
            onClick={() => setTool(choice.tool)}
          >
            {choice.name}
          </button>
        ))}
      </div>
      <div class="row">
        <button type="button" disabled={state.history.past.length === 0} aria-keyshortcuts="Control+Z" onClick={() => correction.undo()}>
          Undo
        </button>
        <button
          type="button"
          disabled={state.history.future.length === 0}
          aria-keyshortcuts="Control+Shift+Z"
          onClick={() => correction.redo()}
        >
          Redo
        </button>
        <span class={`saving ${state.saving}`} role="status">
          {touched || state.reviewed || state.history.future.length > 0 || state.saving !== "saved" ? savingWords(state.saving, lost) : ""}
        </span>
      </div>
      <label class="reviewed">
        <input
          type="checkbox"
          aria-keyshortcuts="r"
          checked={state.reviewed}
          disabled={why !== null}
          aria-describedby={why === null ? undefined : "why-not-reviewed"}
          onChange={(event) => correction.review(event.currentTarget.checked)}
        />
        <span>
          <strong>Reviewed</strong>: all cells are marked, {plural(correction.shown.length, "point is", "points are")} right
        </span>
      </label>
      {why !== null && (
        <p class="hint" id="why-not-reviewed">
          {why}
        </p>
      )}
    </section>
  );
}
