// The work list: the lists to choose from, the one that is looked at, and beside it the reminder that is open.

import { Icon } from "../components/icon.js";
import { route } from "../lib/routes.js";
import { component, effect, html, view } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { cursor, listHere, LISTS, reminders, selected } from "../store/lists.js";
import { watch } from "../store/watch.js";
import { List } from "./list.js";
import { Panel } from "./panel.js";

export const Work = component((self) => {
  self.onMount(() => {
    let before = null;
    return effect(() => {
      const list = listHere();
      if (list.id === before) return;
      before = list.id;
      selected.value = new Set();
      cursor.value = null;
      watch(list.views);
    });
  });
  return () => {
    const { id } = route.value;
    return html`
      <div class=${`frame ${id ? "with-panel" : ""}`}>
        <${Rail} />
        <${List} key=${listHere().id} list=${listHere()} />
        ${id && html`<${Panel} key=${id} id=${id} />`}
      </div>`;
  };
});

/** A list is also a place to drop a reminder on, where a day belongs to it. */
const Rail = view(() => {
  const here = listHere();
  return html`
    <nav class="rail" aria-label=${t("Lists")}>
      <ul>
        ${LISTS.map((list) => html`
          <li>
            <a class="rail-item" href=${`#/${list.id}`} aria-current=${list === here ? "page" : null}>
              <${Icon} name=${list.icon} /><span class="rail-name">${t(list.name)}</span>${counted(list)}
            </a>
          </li>`)}
      </ul>
    </nav>`;
});

const COUNTED = ["today", "overdue"]; // lists whose numbers are kept up to date wherever one is

function counted(list) {
  if (!COUNTED.includes(list.id)) return null;
  const known = list.views.map((one) => reminders(one));
  if (known.includes(null)) return null;
  const count = known.reduce((sum, items) => sum + items.length, 0);
  return count > 0 && html`<span class=${`count ${list.id === "overdue" ? "is-bad" : ""}`}>${count}</span>`;
}
