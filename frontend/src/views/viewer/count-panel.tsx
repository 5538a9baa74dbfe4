import { startJob } from "../../api/calls.ts";
import type { ImageDetail, Project } from "../../api/types.ts";
import { boundsHint } from "../../logic/bounds.ts";
import { count, interval } from "../../logic/words.ts";
import { FlagSentences } from "../../parts/flag-words.tsx";
import { JobProgress } from "../../parts/job-progress.tsx";
import { chosenModel } from "../../parts/model-menu.tsx";
import { about } from "../../state/about.ts";
import { tell } from "../../state/notice.ts";
import { useStore } from "../../state/store.ts";
import { isActive, type Jobs } from "../../state/use-jobs.ts";
import { countedIn } from "./lighting.ts";

/** What the model found, and how far it can be trusted. */
export function CountPanel({ project, detail, jobs }: { project: Project; detail: ImageDetail; jobs: Jobs }) {
  const models = useStore(about)?.models ?? [];
  const model = chosenModel(models, project);
  const running = jobs.value?.find((job) => isActive(job) && job.kind === "count");
  const start = (): void => {
    if (model) startJob(project.id, { kind: "count", images: [detail.id], model: model.id }).then(jobs.refresh, tell);
  };
  const name = models.find(({ id }) => id === detail.model)?.name ?? detail.model;
  const bounds = interval(detail.lower, detail.upper);
  const hint = boundsHint(detail);
  const channel = countedIn(detail);
  return (
    <section class="panel count-panel" aria-label="Count">
      {detail.count !== null && (
        <>
          <p class="figure">
            <span class="big">{count(detail.count)}</span> cells, says the model
          </p>
          <p>{bounds ? `Between ${bounds.replace(" to ", " and ")}` : "No lower and upper bounds: this model has not been calibrated."}</p>
          {hint && <p class="hint">{hint}</p>}
          <p class="hint">
            {name}
            {channel && `, counted in the channel ${channel}`}
          </p>
        </>
      )}
      {detail.count === null && detail.state !== "failed" && <p>Not counted yet.</p>}
      {detail.state === "failed" && <p class="error-text">This image could not be counted. {detail.error}</p>}
      <FlagSentences flags={detail.flags} />
      {detail.depth_note && <p class="hint">{detail.depth_note}</p>}
      {running ? (
        <JobProgress job={running} onChange={jobs.refresh} />
      ) : (
        <button type="button" onClick={start} disabled={model === null}>
          {detail.count === null ? "Count this image" : "Count again"}
        </button>
      )}
    </section>
  );
}
