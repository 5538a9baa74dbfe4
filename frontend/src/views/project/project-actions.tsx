import { useState } from "preact/hooks";

import { downloadAddress, exportReviewed } from "../../api/calls.ts";
import type { Exported, Project } from "../../api/types.ts";
import { plural } from "../../logic/words.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { ModelMenu } from "../../parts/model-menu.tsx";
import { tell } from "../../state/notice.ts";

interface Props {
  project: Project;
  selected: number;
  onCount: () => void;
  onCountSelected: () => void;
  onChange: () => void;
}

export function ProjectActions({ project, selected, onCount, onCountSelected, onChange }: Props) {
  const [exported, setExported] = useState<Exported | null>(null);
  const save = (): void => {
    exportReviewed(project.id).then(setExported, tell);
  };
  return (
    <div class="actions">
      <ModelMenu project={project} onChange={onChange} />
      <div class="row">
        <button type="button" class="main" disabled={project.images === 0} onClick={onCount}>
          Count all
        </button>
        <button type="button" disabled={selected === 0} onClick={onCountSelected}>
          Count selected{selected > 0 ? ` (${selected})` : ""}
        </button>
        <span class="gap" />
        <a class="button" href={downloadAddress(project.id, "counts.csv")} download>
          Counts (CSV)
        </a>
        <a class="button" href={downloadAddress(project.id, "report.html")} target="_blank" rel="noopener">
          Report
        </a>
        <button type="button" disabled={project.reviewed === 0} title="The images you ticked as reviewed, with your points" onClick={save}>
          Export reviewed
        </button>
      </div>
      {exported && (
        <Dialog title="Reviewed images exported" onClose={() => setExported(null)}>
          <p>
            {plural(exported.images, "image")} with {plural(exported.points, "point")} are now a data folder, ready for{" "}
            <code>cytally train --data</code>:
          </p>
          <p>
            <code class="path">{exported.folder}</code>
          </p>
          <p>
            <a class="button" href={downloadAddress(project.id, "export.zip")} download>
              Download it as a ZIP file
            </a>
          </p>
        </Dialog>
      )}
    </div>
  );
}
