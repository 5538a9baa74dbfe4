import { Store } from "./store.ts";

export type Theme = "system" | "light" | "dark";

const KEY = "cytally.theme";

function kept(): Theme {
  const word = localStorage.getItem(KEY);
  return word === "light" || word === "dark" ? word : "system";
}

export const theme = new Store<Theme>(kept());

/** The colours are chosen by CSS alone: see `color-scheme` in styles/colours.css. */
function show(): void {
  document.documentElement.dataset["theme"] = theme.value;
}

export function chooseTheme(word: Theme): void {
  localStorage.setItem(KEY, word);
  theme.set(word);
  show();
}

show();
