// Rescheduling by drag: while a row is dragged, a strip of days appears, and sections with a day take it too.

import { longDate, plus, shortDate } from "../lib/dates.js";
import { html, signal, view } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { reschedule } from "../store/edits.js";
import { selected, today } from "../store/lists.js";

const DAYS = 7;

export const dragging = signal(null); // ids under way
export const hovering = signal(null); // id of the place under the pointer

/** Begin to drag: the selection if this row is part of it, else this row. */
export function dragStart(event, id) {
  event.dataTransfer.setData("text/plain", id);
  event.dataTransfer.effectAllowed = "move";
  const ids = selected.value.has(id) ? [...selected.value] : [id];
  // The strip would end the drag if it moved the dragged row at this moment.
  setTimeout(() => (dragging.value = ids));
}

/** What makes an element a place to drop on; `due` undefined makes it none. */
export function dropped({ id, due, name }) {
  if (due === undefined) return {};
  return {
    onDragOver: (event) => {
      if (!dragging.value) return;
      event.preventDefault();
      hovering.value = id;
    },
    onDragLeave: () => hovering.value === id && (hovering.value = null),
    onDrop: (event) => {
      const ids = dragging.value;
      event.preventDefault();
      dragging.value = hovering.value = null;
      if (ids) reschedule(ids, due, name);
    },
  };
}

export const DropDays = view(() => {
  if (!dragging.value) return null;
  const day = today.value;
  const days = Array.from({ length: DAYS }, (_, index) => plus(day, index));
  const name = (date, index) => (index === 0 ? t("Today") : index === 1 ? t("Tomorrow") : shortDate(date));
  const target = (id, due, words, title) => html`
    <li class=${`drop-day ${hovering.value === id ? "is-target" : ""}`} title=${title} ...${dropped({ id, due, name: words })}>${words}</li>`;
  return html`
    <ul class="drop-days" aria-label=${t("Drop on a day")}>
      ${days.map((date, index) => target(`day-${date}`, date, name(date, index), longDate(date)))}
      ${target("day-none", null, t("No date"), t("No date"))}
    </ul>`;
});
