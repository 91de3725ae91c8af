// Choosing another day: the usual ones by one click or key, any other by date.

import { nextMonday, plus, shortDate, weekday } from "../lib/dates.js";
import { component, html } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { reschedule } from "../store/edits.js";
import { today } from "../store/lists.js";
import { Popover } from "./popover.js";

/** The days that are offered: [key, words, date]. */
export function days() {
  const day = today.value;
  return [
    ["1", t("Today"), day],
    ["2", t("Tomorrow"), plus(day, 1)],
    ["3", weekday(nextMonday(day)), nextMonday(day)],
    ["4", t("In a week"), plus(day, 7)],
    ["0", t("No date"), null],
  ];
}

export const DueMenu = component(() => ({ ids, anchor, due, onClose }) => {
  const choose = (date, words) => {
    onClose();
    if (date !== due) reschedule(ids, date, words);
  };
  const keys = (event) => {
    const found = !event.target.matches("input") && days().find(([key]) => key === event.key);
    if (!found) return;
    event.preventDefault();
    event.stopPropagation();
    choose(found[2], found[1]);
  };
  const typed = (event) => {
    event.preventDefault();
    const date = event.target.elements.date.value || null;
    choose(date, date ? shortDate(date) : t("No date"));
  };
  return html`
    <${Popover} label=${t("Due")} anchor=${anchor} onClose=${onClose}>
      <div class="menu" onKeyDown=${keys}>
        ${days().map(([key, words, date]) => html`
          <button type="button" class="menu-item" aria-keyshortcuts=${key} onClick=${() => choose(date, words)}>
            <span>${words}</span><span class="quiet">${date ? shortDate(date) : ""}</span><kbd>${key}</kbd>
          </button>`)}
        <form class="menu-form" onSubmit=${typed}>
          <label class="slds-assistive-text" for="due-date">${t("Another day")}</label>
          <input class="slds-input" id="due-date" name="date" type="date" min="1700-01-01" max="4000-12-31" defaultValue=${due ?? today.value} />
          <button class="slds-button slds-button_brand">${t("Set")}</button>
        </form>
      </div>
    <//>`;
});
