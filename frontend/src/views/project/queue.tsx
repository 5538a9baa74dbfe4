import type { Job } from "../../api/types.ts";
import { percent } from "../../logic/progress.ts";
import { JobProgress } from "../../parts/job-progress.tsx";

interface Props {
  jobs: readonly Job[];
  /** All jobs, for telling how the newest one ended. */
  last: readonly Job[];
  onChange: () => void;
}

export function Queue({ jobs, last, onChange }: Props) {
  const newest = last.reduce<Job | null>((best, job) => (best === null || job.created > best.created ? job : best), null);
  return (
    <section class="queue" aria-label="Queue">
      {jobs.map((job) => (
        <JobProgress key={job.id} job={job} onChange={onChange} />
      ))}
      <div aria-live="polite">
        {newest?.state === "failed" && <p class="notice bad">The last job failed. {newest.message}</p>}
        {newest?.state === "cancelled" && (
          <p class="hint">The last job was cancelled at {percent(newest)} %; what was finished is kept.</p>
        )}
      </div>
    </section>
  );
}
