import { useState } from "preact/hooks";

import { changeProject, createProject } from "../../api/calls.ts";
import type { Project } from "../../api/types.ts";
import { toProject } from "../../logic/route.ts";
import { day, number, plural } from "../../logic/words.ts";
import { tell } from "../../state/notice.ts";
import { go } from "../../state/where.ts";
import { NameForm } from "./name-form.tsx";

interface Props {
  projects: Project[] | null;
  refresh: () => void;
}

export function ProjectsView({ projects, refresh }: Props) {
  const [renaming, setRenaming] = useState<string | null>(null);
  const create = (name: string): void => {
    createProject(name).then((made) => {
      refresh();
      go(toProject(made.id));
    }, tell);
  };
  const rename = (id: string, name: string): void => {
    changeProject(id, { name }).then(() => {
      setRenaming(null);
      refresh();
    }, tell);
  };
  return (
    <section class="projects">
      <h1>Projects</h1>
      <p class="hint">A project holds the images of one experiment, their counts, and your corrections.</p>
      <NameForm label="New project" button="Create" onName={create} />
      {projects?.length === 0 && <p>No project yet: give the first one a name above.</p>}
      <ul class="cards">
        {projects?.map((project) => (
          <li key={project.id} class="card">
            {renaming === project.id ? (
              <NameForm
                label={`New name for ${project.name}`}
                button="Rename"
                value={project.name}
                onName={(name) => rename(project.id, name)}
                onCancel={() => setRenaming(null)}
              />
            ) : (
              <>
                <h2>
                  <a href={toProject(project.id)}>{project.name}</a>
                </h2>
                <p>
                  {plural(project.images, "image")}, {number(project.counted)} counted, {number(project.reviewed)} reviewed
                </p>
                <p class="row">
                  <span class="hint">{day(project.created)}</span>
                  <button
                    type="button"
                    class="quiet"
                    aria-label={`Rename ${project.name}`}
                    onClick={() => setRenaming(project.id)}
                  >
                    Rename
                  </button>
                </p>
              </>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
