import { useCallback, useEffect } from "preact/hooks";

import { projects as askProjects } from "./api/calls.ts";
import { LostBanner, NoticeBar } from "./parts/banner.tsx";
import { Header } from "./parts/header.tsx";
import { later } from "./parts/later.tsx";
import { notice } from "./state/notice.ts";
import { useStore } from "./state/store.ts";
import { usePoll } from "./state/use-poll.ts";
import { where } from "./state/where.ts";
import { ImproveView } from "./views/improve/improve-view.tsx";
import { NextView } from "./views/next/next-view.tsx";
import { ProjectView } from "./views/project/project-view.tsx";
import { ProjectsView } from "./views/projects/projects-view.tsx";

/** The viewer brings OpenSeadragon, most of the page's script, which the lists do without. */
export const loadViewer = () => import("./views/viewer/viewer-view.tsx").then((part) => part.ViewerView);
const ViewerView = later(loadViewer);

export function App() {
  const route = useStore(where);
  const ask = useCallback(askProjects, []);
  const { value: projects, refresh } = usePoll(ask, 5);
  const project = route.view === "projects" ? null : (projects?.find(({ id }) => id === route.project) ?? null);

  const place = route.view === "projects" ? "" : route.project;
  useEffect(() => notice.set(null), [route.view, place]);
  useEffect(() => {
    document.title = project ? `${project.name} – cytally` : "cytally";
  }, [project?.name]);

  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <Header route={route} projectName={project?.name ?? null} />
      <LostBanner />
      <NoticeBar />
      <main id="main" tabIndex={-1} class={`view-${route.view}`}>
        {route.view === "projects" ? (
          <ProjectsView projects={projects} refresh={refresh} />
        ) : projects === null ? (
          <p class="hint">Loading …</p>
        ) : project === null ? (
          <p>
            There is no such project. <a href="#/">All projects</a>
          </p>
        ) : route.view === "project" ? (
          <ProjectView key={project.id} project={project} values={route.values} refresh={refresh} />
        ) : route.view === "viewer" ? (
          <ViewerView key={`${project.id}/${route.image}`} project={project} image={route.image} values={route.values} />
        ) : route.view === "improve" ? (
          <ImproveView key={project.id} project={project} refresh={refresh} />
        ) : (
          <NextView key={project.id} project={project} refresh={refresh} />
        )}
      </main>
    </>
  );
}

/** The address after the # tells the place; so the link moves the focus itself. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
