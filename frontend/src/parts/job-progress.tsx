import { cancelJob } from "../api/calls.ts";
import type { Job } from "../api/types.ts";
import { progressWords } from "../logic/progress.ts";
import { withoutName } from "../logic/words.ts";
import { tell } from "../state/notice.ts";

const NAMES = { count: "Counting", improve: "Improving the model", suggest: "Looking for what to label next" } as const;

const WAITED_FOR = { count: "counting", improve: "improving the model", suggest: "looking for what to label next" } as const;

/** All projects share one queue, so that the reason may lie where one does not look. */
function waiting({ project, waits_for: before }: Job): string {
  if (before === null) return "waiting for its turn";
  return `waits for ${WAITED_FOR[before.kind]}${before.project === project ? "" : ` in another project, “${before.name}”`}`;
}

/** One line of the queue. */
export function JobProgress({ job, onChange }: { job: Job; onChange: () => void }) {
  const cancel = (): void => {
    cancelJob(job.id).then(onChange, tell);
  };
  const name = NAMES[job.kind];
  return (
    <div class="job" role="group" aria-label={name}>
      <span class="job-name">{name}</span>
      <progress max={Math.max(job.total, 1)} value={job.done} aria-label={`${name}: progress`} />
      <span class="job-rest">{job.state === "waiting" ? waiting(job) : progressWords(job)}</span>
      <button type="button" onClick={cancel}>
        Cancel
      </button>
      {job.state === "running" && job.message && <span class="hint job-message">{withoutName(name, job.message)}</span>}
    </div>
  );
}
