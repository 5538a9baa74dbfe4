import { useCallback, useEffect, useMemo, useState } from "preact/hooks";

import { images as askImages, removeImage, startJob } from "../../api/calls.ts";
import type { Project } from "../../api/types.ts";
import { PAGE_SIZE, readPage, readQuery, writeQuery, type ListQuery } from "../../logic/list-query.ts";
import { toProject } from "../../logic/route.ts";
import { chosenModel } from "../../parts/model-menu.tsx";
import { about } from "../../state/about.ts";
import { forgetGood, tell } from "../../state/notice.ts";
import { useStore } from "../../state/store.ts";
import { isActive, useJobs } from "../../state/use-jobs.ts";
import { usePoll } from "../../state/use-poll.ts";
import { retell } from "../../state/where.ts";
import { AddImages } from "./add-images.tsx";
import { forgetOrder } from "../viewer/walk.ts";
import { ImageGrid } from "./image-grid.tsx";
import { ImageTable } from "./image-table.tsx";
import { ListControls } from "./list-controls.tsx";
import { Pager } from "./pager.tsx";
import { ProjectActions } from "./project-actions.tsx";
import { Queue } from "./queue.tsx";

interface Props {
  project: Project;
  values: URLSearchParams;
  refresh: () => void;
}

export function ProjectView({ project, values, refresh }: Props) {
  const told = values.toString();
  const query = useMemo(() => readQuery(new URLSearchParams(told)), [told]);
  const page = readPage(values);
  const pictures = values.get("show") === "pictures";
  const jobs = useJobs(project.id, refresh);
  const ask = useCallback(() => askImages(project.id, query, (page - 1) * PAGE_SIZE, PAGE_SIZE), [project.id, query, page]);
  const list = usePoll(ask, jobs.busy ? 1 : 5);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const models = useStore(about)?.models ?? [];
  useEffect(forgetOrder, []);

  const show = (next: ListQuery, nextPage = 1, asPictures = pictures): void => {
    const wanted = writeQuery(next);
    if (nextPage > 1) wanted.set("page", String(nextPage));
    if (asPictures) wanted.set("show", "pictures");
    retell(toProject(project.id, wanted));
  };
  const count = (chosen: string[] | null): void => {
    const model = chosenModel(models, project);
    if (model === null) return;
    startJob(project.id, { kind: "count", images: chosen, model: model.id }).then(() => {
      jobs.refresh();
      list.refresh();
    }, tell);
  };
  const changed = (): void => {
    refresh();
    list.refresh();
  };
  const removeSelected = async (): Promise<void> => {
    forgetGood();
    const left = new Set(selected);
    try {
      for (const image of selected) {
        await removeImage(project.id, image);
        left.delete(image);
      }
    } catch (error) {
      tell(error);
    }
    setSelected(left);
    changed();
  };
  const toggle = (ids: readonly string[], on: boolean): void => {
    const next = new Set(selected);
    for (const id of ids) on ? next.add(id) : next.delete(id);
    setSelected(next);
  };

  const items = list.value?.items ?? [];
  const empty = project.images === 0 && list.value?.total === 0;
  const shared = { project: project.id, items, query, first: (page - 1) * PAGE_SIZE, selected, toggle };
  return (
    <section class="project">
      <h1 class="unseen">{project.name}</h1>
      <ProjectActions project={project} selected={selected.size} onCount={() => count(null)} onCountSelected={() => count([...selected])} onRemoveSelected={() => void removeSelected()} onChange={changed} />
      <AddImages project={project.id} open={empty} onAdded={changed} />
      <Queue jobs={jobs.value?.filter(isActive) ?? []} last={jobs.value ?? []} onChange={jobs.refresh} />
      {!empty && (
        <>
          <ListControls query={query} pictures={pictures} onQuery={(next) => show(next)} onPictures={(on) => show(query, page, on)} />
          {pictures ? <ImageGrid {...shared} /> : <ImageTable {...shared} onSort={(next) => show(next)} />}
          {list.value?.total === 0 && <p class="nothing">No image fits the filter.</p>}
          <Pager page={page} total={list.value?.total ?? 0} size={PAGE_SIZE} onPage={(next) => show(query, next)} />
        </>
      )}
    </section>
  );
}
