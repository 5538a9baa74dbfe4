import { about as askAbout } from "../api/calls.ts";
import type { About } from "../api/types.ts";
import { connection } from "./connection.ts";
import { tell } from "./notice.ts";
import { Store } from "./store.ts";

/** Version, workspace and models; asked for again when the server came back or has made a new model. */
export const about = new Store<About | null>(null);

export async function refreshAbout(): Promise<void> {
  try {
    about.set(await askAbout());
  } catch (error) {
    tell(error);
  }
}

connection.watch(() => {
  if (!connection.value.lost) void refreshAbout();
});
