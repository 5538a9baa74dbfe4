import { useId, useState } from "preact/hooks";

import { tell } from "../../state/notice.ts";

/** For images that are too many or too large to be copied: they stay where they are. */
export function LinkForm({ onPath }: { onPath: (path: string) => Promise<void> }) {
  const id = useId();
  const [path, setPath] = useState("");
  const [busy, setBusy] = useState(false);
  const send = async (): Promise<void> => {
    setBusy(true);
    try {
      await onPath(path.trim());
      setPath("");
    } catch (error) {
      tell(error);
    }
    setBusy(false);
  };
  return (
    <form
      class="link-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (path.trim()) void send();
      }}
    >
      <label for={id}>Or point to a folder or file on the computer that runs cytally</label>
      <div class="row">
        <input id={id} type="text" spellcheck={false} placeholder="/data/plate-1" value={path} onInput={(event) => setPath(event.currentTarget.value)} />
        <button type="submit" disabled={busy || !path.trim()}>
          {busy ? "Looking …" : "Add"}
        </button>
      </div>
      <p class="hint">
        Nothing is copied. Folders outside the workspace have to be named at the start: <code>cytally app --allow FOLDER</code>
      </p>
    </form>
  );
}
