import { useCallback } from "preact/hooks";

import { startJob, suggestions as askSuggestions, thumbnailAddress } from "../../api/calls.ts";
import type { Project, Suggestion } from "../../api/types.ts";
import { toImage } from "../../logic/route.ts";
import { day, number } from "../../logic/words.ts";
import { JobProgress } from "../../parts/job-progress.tsx";
import { chosenModel, ModelMenu } from "../../parts/model-menu.tsx";
import { about } from "../../state/about.ts";
import { tell } from "../../state/notice.ts";
import { useStore } from "../../state/store.ts";
import { isActive, useJobs } from "../../state/use-jobs.ts";
import { usePoll } from "../../state/use-poll.ts";

/** The images or regions whose correction would teach the model most, best first. */
export function NextView({ project, refresh }: { project: Project; refresh: () => void }) {
  const ask = useCallback(() => askSuggestions(project.id), [project.id]);
  const list = usePoll(ask, 30);
  const jobs = useJobs(project.id, list.refresh);
  const model = chosenModel(useStore(about)?.models ?? [], project);
  const mine = jobs.value?.filter((job) => job.kind === "suggest") ?? [];
  const running = mine.filter(isActive);
  const newest = mine.reduce<(typeof mine)[number] | null>((best, job) => (best === null || job.created > best.created ? job : best), null);
  const start = (): void => {
    if (model) startJob(project.id, { kind: "suggest", model: model.id }).then(jobs.refresh, tell);
  };
  return (
    <section class="next">
      <h1>What to label next</h1>
      <p class="hint">First come images that stand for many others and are unlike what has been reviewed; the more has been, the more it weighs where the model is unsure. Each entry says why.</p>
      <div class="actions">
        <ModelMenu project={project} onChange={refresh} />
        <div class="row">
          <button type="button" class="main" disabled={project.images === 0 || model === null || running.length > 0} onClick={start}>
            {list.value?.created ? "Look again" : "Look through the images"}
          </button>
          {list.value?.created && <span class="hint">Looked through on {day(list.value.created)}</span>}
        </div>
      </div>
      {running.map((job) => (
        <JobProgress key={job.id} job={job} onChange={jobs.refresh} />
      ))}
      {newest?.state === "failed" && <p class="notice bad">Looking failed. {newest.message}</p>}
      {newest?.result?.notes?.map((note) => (
        <p key={note} class="hint">
          {note}
        </p>
      ))}
      {list.value?.created === null && running.length === 0 && <p>These images have not been looked through yet.</p>}
      {list.value?.created && list.value.items.length === 0 && <p>Nothing stands out: every image has been reviewed, is a copy of another, or is empty.</p>}
      <ol class="suggestions">
        {list.value?.items.map((item) => (
          <Entry key={`${item.image} ${item.region?.join() ?? ""}`} project={project.id} item={item} />
        ))}
      </ol>
    </section>
  );
}

function Entry({ project, item }: { project: string; item: Suggestion }) {
  const values = new URLSearchParams(item.region ? { region: item.region.map((value) => Math.round(value)).join(",") } : {});
  return (
    <li>
      <a href={toImage(project, item.image, values)}>
        <img src={thumbnailAddress(project, item.image)} alt="" width={96} height={72} loading="lazy" />
        <span>
          <strong>{item.name}</strong>
          {item.region && (
            <span class="hint">
              {" "}
              least sure within {number(item.region[3])} × {number(item.region[2])} pixels, framed in the viewer
            </span>
          )}
          <span class="why">{item.why}</span>
        </span>
      </a>
    </li>
  );
}
