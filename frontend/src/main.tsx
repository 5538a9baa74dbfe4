import { render } from "preact";

import { askAhead } from "./api/ahead.ts";
import { takeToken } from "./api/token.ts";
import { App, loadViewer } from "./app.tsx";
import { refreshAbout } from "./state/about.ts";
import { sendUnsent } from "./state/unsent.ts";
import { where } from "./state/where.ts";

const REST_MS = 2000;

takeToken();
askAhead(where.value);
void refreshAbout();
const place = document.getElementById("page");
if (place !== null) render(<App />, place);
// Once the page is at rest, so that the first image opens at once.
setTimeout(() => {
  void loadViewer().catch(() => undefined);
  void sendUnsent();
}, REST_MS);
