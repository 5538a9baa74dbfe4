import { render } from "preact";

import { takeToken } from "./api/token.ts";
import { App } from "./app.tsx";
import { refreshAbout } from "./state/about.ts";

takeToken();
void refreshAbout();
const place = document.getElementById("page");
if (place !== null) render(<App />, place);
