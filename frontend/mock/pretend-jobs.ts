import type { Job, JobRequest } from "../src/api/types.ts";
import { jobs, models, pretendCount, type MockProject } from "./state.ts";

const TICK_MS = 200;

/** Work that takes a while, so that progress, time left and Cancel can be seen. */
export function startJob(whole: MockProject, request: JobRequest): Job {
  const chosen = request.kind === "count" ? whole.images.filter(({ detail }) => request.images === null || request.images.includes(detail.id)) : [];
  const job: Job = {
    id: `j${jobs.length + 1}`,
    project: whole.project.id,
    kind: request.kind,
    state: "running",
    done: 0,
    total: request.kind === "count" ? chosen.length : 40,
    seconds_left: null,
    message: null,
    created: new Date().toISOString(),
    finished: null,
    curves: [],
    result: null,
    minutes: request.kind === "improve" ? request.minutes : null,
    waits_for: null,
  };
  jobs.push(job);
  for (const { detail } of chosen) detail.state = "waiting";
  const timer = setInterval(() => {
    if (job.state !== "running") {
      for (const { detail } of chosen) if (detail.state === "waiting") detail.state = detail.count === null ? "new" : "counted";
      clearInterval(timer);
      return;
    }
    const image = chosen[job.done];
    if (image) pretendCount(image, request.model);
    const step = job.done * 50;
    if (request.kind === "improve") {
      job.curves.push({ step, loss: 0.2 + 2 * Math.exp(-step / 500) + 0.05 * Math.sin(step), validation: job.done % 4 === 0 ? 3 + 9 * Math.exp(-step / 600) : null });
    }
    job.done += 1;
    if (request.kind === "count") job.message = `Counting: ${job.done} of ${job.total} images`;
    job.seconds_left = ((job.total - job.done) * TICK_MS) / 1000;
    if (job.done >= job.total) finish(whole, job, request);
  }, TICK_MS);
  return job;
}

function finish(whole: MockProject, job: Job, request: JobRequest): void {
  job.state = "done";
  job.finished = new Date().toISOString();
  if (request.kind === "suggest") whole.suggested = job.finished;
  if (request.kind !== "improve") return;
  const id = `improved-${job.id}`;
  const from = models.find((model) => model.id === request.model);
  if (from) models.push({ ...from, id, name: `${from.name}, improved`, bundled: false, project: whole.project.id, created: job.finished });
  whole.project.model = id;
  job.result = { old: { mae: 6.4, n: 8 }, new: { mae: 3.1, n: 8 }, kept: "new", model: id };
}
