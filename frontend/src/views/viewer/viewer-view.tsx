import { useCallback, useEffect, useMemo, useState } from "preact/hooks";

import { imageDetail } from "../../api/calls.ts";
import type { ImageDetail, Project } from "../../api/types.ts";
import { readQuery, writeQuery } from "../../logic/list-query.ts";
import { readRegion, toImage, toProject } from "../../logic/route.ts";
import { connection } from "../../state/connection.ts";
import { tell, toldBy } from "../../state/notice.ts";
import { useStore } from "../../state/store.ts";
import { useJobs } from "../../state/use-jobs.ts";
import { go } from "../../state/where.ts";
import { Correction } from "./correction.ts";
import { MissingImage } from "./missing-image.tsx";
import { orderOf, type Listed } from "./walk.ts";
import type { Walk } from "./walk-panel.tsx";
import { Workbench } from "./workbench.tsx";

interface Props {
  project: Project;
  image: string;
  values: URLSearchParams;
}

/** One image with its correction: what to load, and where next and previous lead. */
export function ViewerView({ project, image, values }: Props) {
  const [detail, setDetail] = useState<ImageDetail | null>(null);
  const [failed, setFailed] = useState<ReturnType<typeof toldBy>>(null);
  const [order, setOrder] = useState<readonly Listed[]>([]);
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
      (error: unknown) => setFailed(toldBy(error)),
    );
    orderOf(project.id, query).then(setOrder, tell);
  }, [correction, returns]);

  const onEnd = useCallback(() => {
    imageDetail(project.id, image).then(setDetail, tell);
    correction.refreshModel().catch(tell);
  }, [correction]);
  const jobs = useJobs(project.id, onEnd);

  const toldPlace = Number(values.get("at") ?? 0) || 0;
  const here = order.findIndex(({ id }) => id === image);
  const place = here >= 0 ? here : Math.min(toldPlace, order.length) - 1;
  const turn = (by: number): void => {
    const next = order[place + by];
    if (next === undefined || next.id === image) return;
    const wanted = writeQuery(query);
    wanted.set("at", String(place + by));
    go(toImage(project.id, next.id, wanted));
  };
  const back = (): void => {
    const wanted = writeQuery(query);
    const page = Math.floor(Math.max(place, 0) / 100) + 1;
    if (page > 1) wanted.set("page", String(page));
    go(toProject(project.id, wanted));
  };

  const walk: Walk = { place, total: order.length, next: () => turn(1), previous: () => turn(-1), back };
  if (detail === null && failed !== null) return <MissingImage name={order[here]?.name ?? "Image"} why={failed} walk={walk} />;
  if (detail === null) return <p class="hint">Loading …</p>;
  return (
    <Workbench
      project={project}
      detail={detail}
      correction={correction}
      region={region}
      jobs={jobs}
      walk={walk}
    />
  );
}
