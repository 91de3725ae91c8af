// The start: who is it, and then the page. Until that is known, it speaks as the browser does.

import { Shell } from "./views/shell.js";
import { html, render } from "./lib/ui.js";
import { speak } from "./lib/words.js";
import { begin } from "./store/account.js";

await speak(navigator.language);
const place = document.getElementById("app");
place.replaceChildren();
render(html`<${Shell} />`, place);
begin();
