import { useState } from "preact/hooks";

import { downloadAddress, exportReviewed } from "../../api/calls.ts";
import type { Exported, Project } from "../../api/types.ts";
import { number, plural } from "../../logic/words.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { ModelMenu } from "../../parts/model-menu.tsx";
import { tell } from "../../state/notice.ts";

interface Props {
  project: Project;
  selected: number;
  onCount: () => void;
  onCountSelected: () => void;
  onRemoveSelected: () => void;
  onChange: () => void;
}

export function ProjectActions({ project, selected, onCount, onCountSelected, onRemoveSelected, onChange }: Props) {
  const [removing, setRemoving] = useState(false);
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
          Count selected{selected > 0 ? ` (${number(selected)})` : ""}
        </button>
        <button type="button" disabled={selected === 0} onClick={() => setRemoving(true)}>
          Remove selected …
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
      {removing && (
        <Dialog title={`Remove ${plural(selected, "image")}?`} closeLabel="Cancel" onClose={() => setRemoving(false)}>
          <p>
            Their counts and your corrections go with them, and cannot be brought back. Files that were linked stay where they are; copies that
            were sent here are deleted.
          </p>
          <p class="row end">
            <button
              type="button"
              class="main"
              onClick={() => {
                setRemoving(false);
                onRemoveSelected();
              }}
            >
              Remove {plural(selected, "image")}
            </button>
          </p>
        </Dialog>
      )}
      {exported && (
        <Dialog title="Reviewed images exported" onClose={() => setExported(null)}>
          <p>
            {plural(exported.images, "image")} with {plural(exported.points, "point")} are now a data folder, ready for{" "}
            <code>cytally train --data</code>:
          </p>
          <p>
            <code class="path">{exported.folder}</code>
          </p>
          {exported.missing.length > 0 && (
            <p class="error-text">
              Left out, as {exported.missing.length === 1 ? "its file is" : "their files are"} gone: {exported.missing.join(", ")}.
            </p>
          )}
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
