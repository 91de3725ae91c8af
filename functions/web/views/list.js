// One list: its head, what was refused, what is selected, and the rows in sections.

import { DueMenu } from "../components/due.js";
import { Icon } from "../components/icon.js";
import { longDate } from "../lib/dates.js";
import { pressed } from "../lib/keys.js";
import { route } from "../lib/routes.js";
import { component, html, signal, view } from "../lib/ui.js";
import { many, t } from "../lib/words.js";
import { cursor, selected, today } from "../store/lists.js";
import { search, searching } from "../store/search.js";
import { filter, filtered, NO_FILTER, order, progress, sections } from "../store/sections.js";
import { trouble } from "../store/watch.js";
import { Composer } from "./composer.js";
import { DropDays } from "./drop_days.js";
import { Filters } from "./filters.js";
import { actions } from "./list_keys.js";
import { Refusals } from "./refusals.js";
import { Row } from "./row.js";
import { Selection } from "./selection.js";
import { Rows } from "./rows.js";

const EMPTY = {
  today: ["Nothing is due today or tomorrow.", "Press N for a new reminder, or look at what comes later."],
  overdue: ["Nothing is overdue.", "Well done."],
  upcoming: ["Nothing is due after tomorrow.", "What you plan for later stands here."],
  "no-date": ["Every reminder has a date.", "Reminders without a date stand here."],
  open: ["Nothing is open.", "Press N for a new reminder."],
  given: ["Nothing that you assigned to others is open.", "What you make for somebody else stands here."],
  completed: ["Nothing was completed yet.", "What you complete stands here."],
  deleted: ["Nothing was deleted in the last 15 days.", "What you delete stands here for 15 days and can be restored."],
};

export const List = component((self) => {
  const ui = { composing: signal(false), renaming: signal(null), due: signal(null), search: null };
  const act = actions(ui);
  self.onMount(() => {
    const listener = (event) => {
      const key = pressed(event);
      if (key && act[key]?.(event) !== false && act[key]) event.preventDefault();
    };
    document.addEventListener("keydown", listener);
    filter.value = NO_FILTER;
    const stop = searching();
    return () => (document.removeEventListener("keydown", listener), stop());
  });
  return ({ list }) => html`
    <main class="work" id="main" tabindex="-1">
      <${Head} list=${list} ui=${ui} />
      <${Refusals} />
      <${Search} />
      ${ui.composing.value && html`<${Composer} onClose=${() => (ui.composing.value = false)} />`}
      <${Body} list=${list} ui=${ui} />
      <${Selection} ui=${ui} />
      <${DropDays} />
      ${ui.due.value && html`<${DueMenu} ...${ui.due.value} onClose=${() => (ui.due.value = null)} />`}
    </main>`;
});

const Head = view(({ list, ui }) => html`
  <div class="head">
    <div class="head-title">
      <h1>${t(list.name)}</h1>
      <p class="quiet">${list.id === "today" ? longDate(today.value) : counted()}</p>
    </div>
    ${list.id === "today" && html`<${Day} />`}
    <${Filters} ui=${ui} />
    <button type="button" class="slds-button slds-button_brand new" aria-keyshortcuts="n" onClick=${() => (ui.composing.value = true)}>
      <${Icon} name="add" size="small" /> ${t("New reminder")}
    </button>
  </div>`);

/** How the search through everything stands, for whoever sees it and whoever hears it. */
const Search = view(() => {
  const { busy, more, problem } = search.value ?? {};
  const words = busy ? t("Searching all reminders…") : problem ? `${t("Only this list could be searched.")} ${t(problem)}` : more ? t("There are more than are shown. Search for something narrower.") : null;
  return html`<p class=${`searching quiet ${words ? "" : "slds-assistive-text"}`} role="status">${words ?? (search.value ? many(order.value.length, "{n} reminder", "{n} reminders") : "")}</p>`;
});

function counted() {
  const n = order.value.length;
  return sections.value && n ? many(n, "{n} reminder", "{n} reminders") : "\u00a0";
}

/** How far the day is. */
const Day = view(() => {
  const { done, all } = progress.value;
  if (all === 0) return null;
  const words = t("{done} of {all} done today", { done, all });
  return html`
    <div class="day" title=${words}>
      <div class="slds-progress-bar" role="progressbar" aria-label=${t("Today")} aria-valuemin="0" aria-valuemax=${all} aria-valuenow=${done} aria-valuetext=${words}>
        <span class="slds-progress-bar__value" style=${{ width: `${(100 * done) / all}%` }}></span>
      </div>
      <span class="quiet">${words}</span>
    </div>`;
});

const Body = view(({ list, ui }) => {
  const shown = sections.value;
  if (shown === null) return trouble.value ? html`<${Nothing} icon="offline" title=${t("Your reminders cannot be shown now.")} />` : html`<${Loading} />`;
  if (shown.length === 0) {
    if (search.value?.busy) return html`<${Loading} />`;
    if (filtered.value) return html`<${Nothing} icon="search" title=${t("Nothing matches, here or in any other list.")} words=${t("Take a filter away, or search for less.")} />`;
    const [title, words] = EMPTY[list.id];
    return html`<${Nothing} icon=${list.icon} title=${t(title)} words=${t(words)} />`;
  }
  const draw = (item, at, of) => html`
    <${Row} key=${item.id} item=${item} at=${at} of=${of} reach=${cursor.value ? cursor.value === item.id : at === 1} ui=${ui} today=${today.value} here=${cursor.value === item.id}
      picked=${selected.value.has(item.id)} open=${route.value.id === item.id} renaming=${ui.renaming.value?.id === item.id ? ui.renaming.value : null} />`;
  return html`<${Rows} sections=${shown} draw=${draw} heads=${list.views.length > 1 || filtered.value} />`;
});

const Nothing = ({ icon, title, words }) => html`
  <div class="nothing"><${Icon} name=${icon} size="huge" /><h2>${title}</h2>${words && html`<p class="quiet">${words}</p>`}</div>`;

const Loading = () => html`
  <div class="loading" role="status" aria-label=${t("Loading…")}>${[0, 1, 2, 3, 4].map(() => html`<div class="ghost"></div>`)}</div>`;

