/** The word that a server open to other machines asks for; it comes with the first address and stays in this tab. */

const KEY = "cytally.token";

export function takeToken(): void {
  const address = new URL(window.location.href);
  const token = address.searchParams.get("token");
  if (token === null) return;
  sessionStorage.setItem(KEY, token);
  // Out of sight, so that it is not in bookmarks or on screenshots.
  address.searchParams.delete("token");
  window.history.replaceState(null, "", address);
}

export function token(): string | null {
  return sessionStorage.getItem(KEY);
}

/** An address for pictures and downloads, which cannot carry a header. */
export function withToken(address: string): string {
  const word = token();
  if (word === null) return address;
  return `${address}${address.includes("?") ? "&" : "?"}token=${encodeURIComponent(word)}`;
}
