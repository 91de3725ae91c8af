// One reminder in a list, in two lines: what it is, when, and whether Salesforce has it.

import { Icon } from "../components/icon.js";
import { State } from "../components/state.js";
import { dueWords, fullDate } from "../lib/dates.js";
import { go, route } from "../lib/routes.js";
import { component, html } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { restore } from "../store/edits.js";
import { cursor, me, names } from "../store/lists.js";
import { select } from "../store/sections.js";
import { dragging, dragStart } from "./drop_days.js";
import { completeThem } from "./list_keys.js";
import { Rename } from "./rename.js";

export const TYPES = { Call: ["call", "Call"], Email: ["email", "Email"], InMail: ["chat", "InMail"], Custom: ["task", "To-do"] };

export const Row = component(() => {
  return ({ item, at, of, reach: reachable, ui, today, here, picked, open, renaming }) => {
    const { id, name, due, status } = item;
    const done = status === "Complete";
    const late = !done && !item.deleted && due !== null && due < today;
    const reach = reachable ? 0 : -1;
    const openIt = () => {
      cursor.value = id;
      go(route.value.page, open ? null : id);
    };
    const clicked = (event) => !event.target.closest("button, input, a, label") && openIt();
    const look = ["row", here && "is-here", picked && "is-picked", open && "is-open", done && "is-done", item.busy && "is-busy", late && "is-late"];
    return html`
      <li class=${look.filter(Boolean).join(" ")} data-id=${id} aria-setsize=${of} aria-posinset=${at} draggable=${!item.deleted}
        onClick=${clicked} onDragStart=${(event) => dragStart(event, id)} onDragEnd=${() => (dragging.value = null)}>
        <label class="row-pick"><input type="checkbox" tabindex=${reach} checked=${picked} aria-label=${t("Select: {name}", { name })} onChange=${() => (cursor.value = id, select(id))} /></label>
        ${tick(item, reach)}
        <div class="row-text">
          ${renaming
            ? html`<${Rename} item=${item} at=${at} draft=${renaming} ui=${ui} />`
            : html`<button type="button" class="row-name" tabindex=${reach} aria-expanded=${String(open)} onClick=${openIt} onFocus=${() => (cursor.value = id)}><bdi>${name}</bdi></button>`}
          ${facts(item)}
        </div>
        ${item.priority === "High" && html`<span class="row-high" title=${t("High priority")}><${Icon} name="priority" /><span class="slds-assistive-text">${t("High priority")}</span></span>`}
        <button type="button" class="row-due" tabindex=${reach} disabled=${Boolean(item.deleted)} aria-label=${t("Due: {when}", { when: dueWords(due, today) })} title=${due && fullDate(due)}
          onClick=${(event) => (ui.due.value = { ids: [id], due, anchor: event.currentTarget })}>${dueWords(due, today)}</button>
        <${State} reminder=${item} />
      </li>`;
  };
});

function tick(item, reach) {
  const { id, name } = item;
  if (item.deleted) {
    return html`<button type="button" class="tick" tabindex=${reach} aria-label=${t("Restore: {name}", { name })} title=${t("Restore")} onClick=${() => restore(id)}><${Icon} name="undelete" size="small" /></button>`;
  }
  const done = item.status === "Complete";
  const words = done ? t("Reopen: {name}", { name }) : t("Complete: {name}", { name });
  return html`<button type="button" class="tick" tabindex=${reach} aria-pressed=${String(done)} aria-label=${words} onClick=${() => completeThem([id])}><${Icon} name="check" size="small" /></button>`;
}

function facts(item) {
  const [icon, type] = TYPES[item.type];
  const campaign = [item.campaign_name, item.campaign_day && t("day {day}", { day: item.campaign_day }), item.campaign_step && t("step {step}", { step: item.campaign_step })];
  const words = [
    item.assignee !== me.value.id && t("For {name}", { name: names.value.get(item.assignee) ?? item.assignee }),
    names.value.get(item.person),
    campaign.filter(Boolean).join(", "),
    item.excerpt?.replaceAll(/\s+/g, " "),
  ].filter(Boolean);
  return html`
    <p class="row-facts"><${Icon} name=${icon} size="small" /> ${t(type)}${words.map((word) => html`<span class="dot" aria-hidden="true">·</span><bdi>${word}</bdi>`)}
      ${item.sync_state === "problem" && html`<span class="dot" aria-hidden="true">·</span><span class="reason">${item.sync_reason}</span>`}</p>`;
}
