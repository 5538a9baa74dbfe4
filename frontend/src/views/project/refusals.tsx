import type { Refusal } from "../../api/types.ts";
import { between, plural, withoutName } from "../../logic/words.ts";

export function Refusals({ refused, onClose }: { refused: readonly Refusal[]; onClose: () => void }) {
  if (refused.length === 0) return null;
  return (
    <div class="notice bad">
      <div>
        <p>{plural(refused.length, "file")} could not be added:</p>
        <ul>
          {refused.map((file) => (
            <li key={file.name}>
              <strong>{file.name}</strong> {withoutName(file.name, file.error)}
              {file.cure && (
                <span class="cure">
                  {between(file.error)}
                  {file.cure}
                </span>
              )}
            </li>
          ))}
        </ul>
      </div>
      <button type="button" class="quiet" aria-label="Close the list of files that could not be added" onClick={onClose}>
        Close
      </button>
    </div>
  );
}
