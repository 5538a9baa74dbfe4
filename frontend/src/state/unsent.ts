import { savePoints } from "../api/calls.ts";
import { LostServer, ServerError } from "../api/client.ts";
import { dropDraft, listDrafts, readDraft } from "../logic/draft.ts";
import { number } from "../logic/words.ts";
import { connection } from "./connection.ts";
import { tellBad } from "./notice.ts";
import { where } from "./where.ts";

/** Corrections that did not reach the server, of images that are not open: sent when the page starts, and when the server is back. */
export async function sendUnsent(): Promise<void> {
  const open = where.value.view === "viewer" ? where.value.image : null;
  let kept = 0;
  for (const { project, image } of listDrafts(localStorage)) {
    const draft = image === open ? null : readDraft(localStorage, project, image);
    if (draft === null) continue;
    try {
      await savePoints(project, image, draft);
      dropDraft(localStorage, project, image);
    } catch (error) {
      if (error instanceof LostServer) return;
      // The image is gone; anything else is for the user to decide.
      if (error instanceof ServerError && error.status === 404) dropDraft(localStorage, project, image);
      else kept += 1;
    }
  }
  if (kept > 0) {
    const what = kept === 1 ? "A correction in this browser was" : `${number(kept)} corrections in this browser were`;
    tellBad(`${what} not saved, as somebody else corrected the image meanwhile.`, "Open the image, and choose which one shall stay.");
  }
}

let returns = connection.value.returns;
connection.watch(() => {
  if (connection.value.returns === returns) return;
  returns = connection.value.returns;
  void sendUnsent();
});
