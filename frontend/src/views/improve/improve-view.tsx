import { useId, useState } from "preact/hooks";

import { startJob } from "../../api/calls.ts";
import type { Job, Project } from "../../api/types.ts";
import { reviewsMissing } from "../../logic/review.ts";
import { plural } from "../../logic/words.ts";
import { JobProgress } from "../../parts/job-progress.tsx";
import { chosenModel, ModelMenu } from "../../parts/model-menu.tsx";
import { about, refreshAbout } from "../../state/about.ts";
import { tell } from "../../state/notice.ts";
import { useStore } from "../../state/store.ts";
import { isActive, useJobs } from "../../state/use-jobs.ts";
import { CurvePlot } from "./curve-plot.tsx";
import { Outcome } from "./outcome.tsx";

/** Trains the chosen model on, with the images that were reviewed. */
export function ImproveView({ project, refresh }: { project: Project; refresh: () => void }) {
  const id = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const jobs = useJobs(project.id, () => {
    void refreshAbout();
    refresh();
  });
  const model = chosenModel(useStore(about)?.models ?? [], project);
  const mine = jobs.value?.filter((job) => job.kind === "improve") ?? [];
  const newest = mine.reduce<Job | null>((best, job) => (best === null || job.created > best.created ? job : best), null);
  const running = newest !== null && isActive(newest);
  // What was asked for last stays, after a reload as well.
  const minutes = (running ? null : typed) ?? String(newest?.minutes ?? 10);
  const wanted = Number(minutes);
  const valid = Number.isFinite(wanted) && wanted > 0;
  const missing = reviewsMissing(project.reviewed);
  const start = (): void => {
    if (model && valid) startJob(project.id, { kind: "improve", minutes: wanted, model: model.id }).then(jobs.refresh, tell);
  };
  return (
    <section class="improve">
      <h1>Improve the model</h1>
      <p>
        The model learns from the images you ticked as reviewed: <strong>{plural(project.reviewed, "image")}</strong> so far. The result is
        compared with the old model, and the better one is used.
      </p>
      {missing !== null && <p class="hint">{missing}</p>}
      <form
        class="actions"
        onSubmit={(event) => {
          event.preventDefault();
          start();
        }}
      >
        <ModelMenu project={project} onChange={refresh} disabled={running} />
        <div class="row">
          <label for={id}>Minutes</label>
          <input
            id={id}
            type="number"
            min="0.5"
            step="any"
            class="short"
            value={minutes}
            disabled={running}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
          <button type="submit" class="main" disabled={running || !valid || missing !== null || model === null}>
            Start
          </button>
          <span class="hint">You can go on working in other tabs of this page meanwhile.</span>
        </div>
      </form>
      {newest && running && <JobProgress job={newest} onChange={jobs.refresh} />}
      {newest && newest.curves.length > 0 && <Curves job={newest} />}
      <div aria-live="polite">{newest && !running && <Outcome job={newest} />}</div>
    </section>
  );
}

function Curves({ job }: { job: Job }) {
  const loss = job.curves.map(({ step, loss: value }) => ({ step, value }));
  const validation = job.curves.flatMap(({ step, validation: value }) => (value === null ? [] : [{ step, value }]));
  const nothing = isActive(job) ? "Nothing measured yet." : job.state === "done" ? "Not measured: the training was too short." : "Not measured.";
  return (
    <div class="curves">
      <CurvePlot title="Error while learning" samples={loss} nothing={nothing} />
      <CurvePlot title="Error on images kept aside" samples={validation} nothing={nothing} />
    </div>
  );
}
