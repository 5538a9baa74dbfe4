import { between } from "../logic/words.ts";
import { connection } from "../state/connection.ts";
import { notice } from "../state/notice.ts";
import { useStore } from "../state/store.ts";

export function LostBanner() {
  const { lost } = useStore(connection);
  return (
    <div role="alert" class="lost-place">
      {lost && (
        <p class="lost">
          <strong>The server does not answer.</strong> Is <code>cytally app</code> still running in its terminal? Trying
          again every two seconds; your corrections are kept in this browser meanwhile.
        </p>
      )}
    </div>
  );
}

export function NoticeBar() {
  const shown = useStore(notice);
  return (
    <div aria-live="polite" class="notice-place">
      {shown && (
        <div class={`notice ${shown.tone}`}>
          <p>
            {shown.text}
            {shown.cure && (
              <span class="cure">
                {between(shown.text)}
                {shown.cure}
              </span>
            )}
          </p>
          <button type="button" class="quiet" aria-label="Close this message" onClick={() => notice.set(null)}>
            Close
          </button>
        </div>
      )}
    </div>
  );
}
