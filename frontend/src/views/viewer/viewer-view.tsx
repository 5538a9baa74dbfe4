import { useCallback, useEffect, useMemo, useState } from "preact/hooks";

import { imageDetail } from "../../api/calls.ts";
import type { ImageDetail, Project } from "../../api/types.ts";
import { readQuery, writeQuery } from "../../logic/list-query.ts";
import { readRegion, toImage, toProject } from "../../logic/route.ts";
import { connection } from "../../state/connection.ts";
import { tell } from "../../state/notice.ts";
import { useStore } from "../../state/store.ts";
import { useJobs } from "../../state/use-jobs.ts";
import { go } from "../../state/where.ts";
import { Correction } from "./correction.ts";
import { orderOf } from "./walk.ts";
import { Workbench } from "./workbench.tsx";

interface Props {
  project: Project;
  image: string;
  values: URLSearchParams;
}

/** One image with its correction: what to load, and where next and previous lead. */
export function ViewerView({ project, image, values }: Props) {
  const [detail, setDetail] = useState<ImageDetail | null>(null);
  const [missing, setMissing] = useState(false);
  const [order, setOrder] = useState<readonly string[]>([]);
  const correction = useMemo(() => new Correction(project.id, image), [project.id, image]);
  const told = values.toString();
  const query = useMemo(() => readQuery(new URLSearchParams(told)), [told]);
  const region = useMemo(() => readRegion(new URLSearchParams(told)), [told]);
  const { returns } = useStore(connection);

  useEffect(() => () => correction.close(), [correction]);
  useEffect(() => {
    if (detail !== null) return;
    Promise.all([imageDetail(project.id, image), correction.load()]).then(
      ([found]) => setDetail(found),
      (error: unknown) => {
        tell(error);
        setMissing(true);
      },
    );
    orderOf(project.id, query).then(setOrder, tell);
  }, [correction, returns]);

  const onEnd = useCallback(() => {
    imageDetail(project.id, image).then(setDetail, tell);
    correction.refreshModel().catch(tell);
  }, [correction]);
  const jobs = useJobs(project.id, onEnd);

  const toldPlace = Number(values.get("at") ?? 0) || 0;
  const here = order.indexOf(image);
  const place = here >= 0 ? here : Math.min(toldPlace, order.length) - 1;
  const turn = (by: number): void => {
    const next = order[place + by];
    if (next === undefined || next === image) return;
    const wanted = writeQuery(query);
    wanted.set("at", String(place + by));
    go(toImage(project.id, next, wanted));
  };
  const back = (): void => {
    const wanted = writeQuery(query);
    const page = Math.floor(Math.max(place, 0) / 100) + 1;
    if (page > 1) wanted.set("page", String(page));
    go(toProject(project.id, wanted));
  };

  if (detail === null) return <p class="hint">{missing ? "This image cannot be shown." : "Loading …"}</p>;
  return (
    <Workbench
      project={project}
      detail={detail}
      correction={correction}
      region={region}
      jobs={jobs}
      walk={{ place, total: order.length, next: () => turn(1), previous: () => turn(-1), back }}
    />
  );
}
