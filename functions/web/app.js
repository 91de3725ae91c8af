// The start: who is it, and then the page.

import { Shell } from "./views/shell.js";
import { html, render } from "./lib/ui.js";
import { begin } from "./store/account.js";

const place = document.getElementById("app");
place.replaceChildren();
render(html`<${Shell} />`, place);
begin();
