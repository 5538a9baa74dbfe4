import { useId } from "preact/hooks";

import { changeProject } from "../api/calls.ts";
import type { Model, Project } from "../api/types.ts";
import { about } from "../state/about.ts";
import { tell } from "../state/notice.ts";
import { useStore } from "../state/store.ts";

/** The models that a project may count with: the bundled ones and its own. */
export function modelsOf(all: readonly Model[], project: string): Model[] {
  return all.filter((model) => model.project === null || model.project === project);
}

export function chosenModel(all: readonly Model[], project: Project | null): Model | null {
  if (project === null) return null;
  const mine = modelsOf(all, project.id);
  return mine.find((model) => model.id === project.model) ?? mine[0] ?? null;
}

interface Props {
  project: Project;
  onChange: (project: Project) => void;
  disabled?: boolean;
}

export function ModelMenu({ project, onChange, disabled = false }: Props) {
  const id = useId();
  const models = useStore(about)?.models ?? [];
  const chosen = chosenModel(models, project);
  const choose = (model: string): void => {
    changeProject(project.id, { model }).then(onChange, tell);
  };
  const mine = modelsOf(models, project.id);
  return (
    <div class="model-menu">
      <label for={id}>Model</label>
      <select
        id={id}
        disabled={disabled}
        value={chosen?.id ?? ""}
        aria-describedby={`${id}-about`}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {mine.map((model) => (
          <option key={model.id} value={model.id}>
            {model.name}
            {model.bundled ? "" : " (trained here)"}
          </option>
        ))}
      </select>
      <p id={`${id}-about`} class="hint">
        {chosen ? chosen.description : "No model is installed."}
        {chosen && !chosen.calibrated && " It gives no lower and upper bounds: it has not been calibrated."}
      </p>
    </div>
  );
}
