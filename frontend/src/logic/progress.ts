import type { Job } from "../api/types.ts";
import { duration } from "./words.ts";

/** How far a job is, in whole percent, and never 100 before it is done. */
export function percent({ done, total }: Pick<Job, "done" | "total">): number {
  return total > 0 ? Math.min(Math.floor((100 * done) / total), 100) : 0;
}

/** How far a running job is. What is done of a count is a share of its pixels: its message tells the images. */
export function progressWords(job: Pick<Job, "kind" | "done" | "total" | "message" | "seconds_left">): string {
  const left = job.seconds_left === null ? "" : `${duration(job.seconds_left)} left`;
  const done = job.kind === "count" && job.message ? "" : `${percent(job)} % done`;
  return [done, left].filter(Boolean).join(", ");
}
