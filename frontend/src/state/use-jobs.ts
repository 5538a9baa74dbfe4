import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { jobs as askJobs } from "../api/calls.ts";
import type { Job } from "../api/types.ts";
import { usePoll, type Polled } from "./use-poll.ts";

export const isActive = (job: Job): boolean => job.state === "waiting" || job.state === "running";

export interface Jobs extends Polled<Job[]> {
  busy: boolean;
}

/** The project's jobs: every second while one runs, every five otherwise. `onEnd` is called when one has ended. */
export function useJobs(project: string, onEnd?: () => void): Jobs {
  const ask = useCallback(() => askJobs(project), [project]);
  const [busy, setBusy] = useState(false);
  const polled = usePoll(ask, busy ? 1 : 5);
  const active = polled.value?.filter(isActive).map((job) => job.id).join(" ") ?? "";
  useEffect(() => setBusy(active !== ""), [active]);

  const before = useRef("");
  const end = useRef(onEnd);
  end.current = onEnd;
  useEffect(() => {
    const gone = before.current.split(" ").some((id) => id !== "" && !active.split(" ").includes(id));
    before.current = active;
    if (gone) end.current?.();
  }, [active]);

  return { ...polled, busy };
}
