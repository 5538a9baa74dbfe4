import { useEffect, useId, useRef, useState } from "preact/hooks";

import { link, upload } from "../../api/calls.ts";
import type { Refusal } from "../../api/types.ts";
import { batches } from "../../logic/batches.ts";
import { bytes, number, plural } from "../../logic/words.ts";
import { about } from "../../state/about.ts";
import { tell, tellGood } from "../../state/notice.ts";
import { useStore } from "../../state/store.ts";
import { droppedFiles } from "./dropped.ts";
import { LinkForm } from "./link-form.tsx";
import { Refusals } from "./refusals.tsx";

interface Props {
  project: string;
  open: boolean;
  onAdded: () => void;
}

export function AddImages({ project, open, onAdded }: Props) {
  const picker = useRef<HTMLInputElement>(null);
  const id = useId();
  const [over, setOver] = useState(false);
  const [sent, setSent] = useState<{ done: number; total: number } | null>(null);
  const [refused, setRefused] = useState<Refusal[]>([]);
  const [shown, setShown] = useState(open);
  const limit = useStore(about)?.upload_limit_bytes;
  useEffect(() => {
    if (open) setShown(true);
  }, [open]);

  const finish = (added: number, others: Refusal[]): void => {
    setRefused(others);
    if (added > 0) tellGood(`${plural(added, "image")} added.`);
    onAdded();
  };
  const send = async (files: File[]): Promise<void> => {
    if (files.length === 0) return;
    let added = 0;
    let done = 0;
    const others: Refusal[] = [];
    setRefused([]);
    setSent({ done, total: files.length });
    try {
      for (const batch of batches(files)) {
        const answer = await upload(project, batch);
        added += answer.added.length;
        others.push(...answer.refused);
        done += batch.length;
        setSent({ done, total: files.length });
        onAdded();
      }
    } catch (error) {
      tell(error);
      setSent(null);
      setRefused(others);
      onAdded();
      return;
    }
    setSent(null);
    finish(added, others);
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer) droppedFiles(event.dataTransfer).then(send).catch(tell);
  };
  const pointTo = async (path: string): Promise<void> => {
    const answer = await link(project, path);
    finish(answer.added.length, answer.refused);
  };

  return (
    <details class="add" open={shown} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>Add images</summary>
      <div
        class={`drop ${over ? "over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <div>
          <p>
            <strong>Drop images or folders here</strong>, or{" "}
            <button type="button" class="main" onClick={() => picker.current?.click()}>
              Choose files …
            </button>
          </p>
          <p class="hint" id={id}>
            PNG, JPEG, TIFF, OME-TIFF and whole slides{limit ? `, up to ${bytes(limit)} each` : ""}. They are copied into the workspace and
            sent nowhere else.
          </p>
          <input
            ref={picker}
            type="file"
            multiple
            hidden
            aria-label="Image files"
            aria-describedby={id}
            onChange={(event) => {
              const files = [...(event.currentTarget.files ?? [])];
              event.currentTarget.value = "";
              void send(files);
            }}
          />
        </div>
        <LinkForm onPath={pointTo} />
      </div>
      <div aria-live="polite">
        {sent && (
          <p class="row">
            <progress max={sent.total} value={sent.done} aria-label="Files sent" /> {number(sent.done)} of {plural(sent.total, "file")} sent
          </p>
        )}
        <Refusals refused={refused} onClose={() => setRefused([])} />
      </div>
    </details>
  );
}
