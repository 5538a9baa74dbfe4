import { points as askPoints, savePoints } from "../../api/calls.ts";
import { LostServer, ServerError } from "../../api/client.ts";
import type { ModelPoint, Point, PointsState, SavedPoints } from "../../api/types.ts";
import { dropDraft, keepDraft, readDraft } from "../../logic/draft.ts";
import { samePoints } from "../../logic/points.ts";
import type { Saving } from "../../logic/saving.ts";
import { begin, redo, step, undo, type History } from "../../logic/history.ts";
import { connection } from "../../state/connection.ts";
import { tell } from "../../state/notice.ts";
import { Store } from "../../state/store.ts";

export interface CorrectionState {
  model: readonly ModelPoint[];
  /** What is shown and changed; null while nobody has touched what the model found. */
  history: History<readonly Point[] | null>;
  reviewed: boolean;
  saving: Saving;
  /** What another tab saved meanwhile: the user chooses. */
  conflict: SavedPoints | null;
}

const PAUSE_MS = 800;

const plain = (model: readonly ModelPoint[]): Point[] => model.map(([y, x]) => [y, x]);

/** The correction of one image: changes, undo, saving, and what to do when two tabs disagree. */
export class Correction {
  readonly state = new Store<CorrectionState | null>(null);
  private revision = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private sending: Promise<void> | null = null;
  private readonly unwatch: () => void;

  constructor(
    private readonly project: string,
    private readonly image: string,
  ) {
    this.unwatch = connection.watch(() => {
      if (!connection.value.lost) this.flush();
    });
    window.addEventListener("pagehide", this.flush);
  }

  private readonly flush = (): void => {
    const saving = this.state.value?.saving;
    if (saving === "waiting" || saving === "kept") void this.save();
  };

  /** The server's state, and on top of it what this browser could not save last time. */
  async load(): Promise<void> {
    const server = await askPoints(this.project, this.image);
    const draft = readDraft(localStorage, this.project, this.image);
    this.take(server);
    if (draft === null) return;
    if (draft.reviewed === server.reviewed && samePoints(draft.points, server.corrected)) {
      // It was saved after all; only the answer got lost, by a reload for example.
      dropDraft(localStorage, this.project, this.image);
      return;
    }
    const current = { points: server.corrected, reviewed: server.reviewed, revision: server.revision };
    const same = draft.revision === server.revision;
    this.change({
      history: step(begin(this.state.value?.history.present ?? null), draft.points),
      reviewed: draft.reviewed,
      ...(same ? {} : { saving: "refused" as const, conflict: current }),
    });
    if (same) this.later();
  }

  /** After a count: the model's points are new, the correction stays, and what was reviewed. */
  async refreshModel(): Promise<void> {
    const { model } = await askPoints(this.project, this.image);
    const state = this.state.value;
    if (state === null) return;
    // What was found right stays as it was seen, whatever is found now.
    const held = state.reviewed && state.history.present === null ? { history: begin<readonly Point[] | null>(plain(state.model)) } : {};
    this.change({ model, ...held });
  }

  get shown(): readonly Point[] {
    const state = this.state.value;
    if (state === null) return [];
    return state.history.present ?? plain(state.model);
  }

  edit(points: readonly Point[]): void {
    const state = this.state.value;
    if (state === null || state.conflict !== null) return;
    this.change({ history: step(state.history, points) });
    this.later();
  }

  undo(): void {
    this.turn(undo);
  }

  redo(): void {
    this.turn(redo);
  }

  private turn(move: (history: CorrectionState["history"]) => CorrectionState["history"]): void {
    const state = this.state.value;
    if (state === null || state.conflict !== null) return;
    const history = move(state.history);
    if (history === state.history) return;
    this.change({ history });
    this.later();
  }

  review(reviewed: boolean): void {
    if (this.state.value === null || this.state.value.conflict !== null) return;
    this.change({ reviewed });
    this.later();
  }

  /** Ends a disagreement. */
  choose(whose: "mine" | "theirs"): void {
    const state = this.state.value;
    const other = state?.conflict;
    if (!state || !other) return;
    this.revision = other.revision;
    if (whose === "theirs") {
      dropDraft(localStorage, this.project, this.image);
      this.change({ history: begin(other.points), reviewed: other.reviewed, saving: "saved", conflict: null });
    } else {
      this.change({ conflict: null });
      void this.save();
    }
  }

  /** Saves what is waiting, on leaving the image. */
  close(): void {
    this.unwatch();
    window.removeEventListener("pagehide", this.flush);
    this.flush();
  }

  private take({ model, corrected, reviewed, revision }: PointsState): void {
    this.revision = revision;
    // Reviewed without an edit: the points are the model's, and taking the tick away leaves no correction.
    const edited = corrected !== null && samePoints(corrected, plain(model)) ? null : corrected;
    this.state.set({ model, history: begin<readonly Point[] | null>(edited), reviewed, saving: "saved", conflict: null });
  }

  private change(part: Partial<CorrectionState>): void {
    if (this.state.value !== null) this.state.set({ ...this.state.value, ...part });
  }

  /** What is saved: no correction where nothing is edited, but what was reviewed is kept as it was seen. */
  private get points(): Point[] | null {
    const state = this.state.value;
    return state === null || (state.history.present === null && !state.reviewed) ? null : [...this.shown];
  }

  private later(): void {
    this.keep();
    this.change({ saving: "waiting" });
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.save(), PAUSE_MS);
  }

  private keep(): void {
    const reviewed = this.state.value?.reviewed ?? false;
    const draft = { points: this.points, reviewed, revision: this.revision };
    keepDraft(localStorage, this.project, this.image, draft);
  }

  private async save(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    // One after the other: each save has to know the revision that the one before was given.
    while (this.sending !== null) await this.sending;
    const state = this.state.value;
    if (state === null || state.saving === "saved" || state.conflict !== null) return;
    this.change({ saving: "saving" });
    this.sending = this.put(this.points, state.reviewed);
    await this.sending;
  }

  private async put(points: Point[] | null, reviewed: boolean): Promise<void> {
    try {
      const answer = await savePoints(this.project, this.image, { points, reviewed, revision: this.revision });
      this.revision = answer.revision;
      // Changed again while it was under way: the draft stays until that is saved too.
      if (this.state.value?.saving !== "saving") return this.keep();
      dropDraft(localStorage, this.project, this.image);
      this.change({ saving: "saved" });
    } catch (error) {
      this.failed(error);
    } finally {
      this.sending = null;
    }
  }

  private failed(error: unknown): void {
    if (error instanceof ServerError && error.status === 409) {
      const { current } = error.body as { current: SavedPoints };
      if (current.reviewed === this.state.value?.reviewed && samePoints(current.points, this.points)) {
        // The same was saved by another way, as when this tab was closed while it was sent.
        this.revision = current.revision;
        dropDraft(localStorage, this.project, this.image);
        this.change({ saving: "saved" });
      } else this.change({ saving: "refused", conflict: current });
    } else if (error instanceof LostServer) {
      this.change({ saving: "kept" });
    } else {
      this.change({ saving: "refused" });
      tell(error);
    }
  }
}
