import { Store } from "./store.ts";

/** Whether the server answers. While it does not, one banner says so and one timer asks again. */
export const connection = new Store<{ lost: boolean; /** How often it came back. */ returns: number }>({
  lost: false,
  returns: 0,
});

const AGAIN_MS = 2000;
let timer: ReturnType<typeof setTimeout> | null = null;

export function lost(): void {
  if (!connection.value.lost) connection.set({ ...connection.value, lost: true });
  timer ??= setTimeout(ask, AGAIN_MS);
}

export function answered(): void {
  if (timer !== null) clearTimeout(timer);
  timer = null;
  if (connection.value.lost) connection.set({ lost: false, returns: connection.value.returns + 1 });
}

function ask(): void {
  timer = null;
  // Any answer will do, a refusal as well; what a proxy says of a missing server (502, 504) will not.
  fetch("/api/about", { cache: "no-store" }).then(
    (response) => (response.status === 502 || response.status === 504 ? lost() : answered()),
    lost,
  );
}
