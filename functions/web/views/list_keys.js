// What each key does in a list. A function that gives false left the key alone.

import { plus } from "../lib/dates.js";
import { go, route } from "../lib/routes.js";
import { t } from "../lib/words.js";
import { help } from "../components/help.js";
import { changeAll, removeAll, reschedule, toggle } from "../store/edits.js";
import { cursor, find, listHere, selected, today } from "../store/lists.js";
import { acted, move, order, select, stepOff } from "../store/sections.js";
import { offer, undo } from "../store/undo.js";

/** Complete or reopen these; the cursor steps on first, because they may leave the list. */
export function completeThem(ids) {
  stepOff(ids);
  selected.value = new Set();
  return toggle(ids);
}

export function deleteThem(ids) {
  if (listHere().id !== "deleted") stepOff(ids);
  selected.value = new Set();
  if (ids.includes(route.value.id)) go(route.value.page);
  return removeAll(ids);
}

export function prioritise(ids) {
  const priority = ids.every((id) => find(id)?.priority === "High") ? "Normal" : "High";
  const words = priority === "High" ? t("High priority") : t("Normal priority");
  return changeAll(ids, { priority }, (done) => (done.length === 1 ? `${words}: ${done[0].name}` : `${words}: ${done.length}`));
}

/** Move the cursor; the focus, wherever it was, lets go, so that the row takes it (Enter must open this row, not what was clicked last). */
const step = (by) => () => {
  const before = cursor.value;
  move(by);
  if (cursor.value !== before && !document.activeElement?.closest(".rows")) document.activeElement?.blur();
};

/** The keys of a list; `ui` holds what is open in it. */
export function actions(ui) {
  const some = (act) => () => {
    const ids = acted().filter((id) => !find(id)?.deleted);
    return ids.length ? void act(ids) : false;
  };
  const extend = (by) => () => {
    if (cursor.value) select(cursor.value, true);
    step(by)();
    if (cursor.value) select(cursor.value, true);
  };
  const day = (days, words) => some((ids) => reschedule(ids, plus(today.value, days), t(words)));
  const escape = () => {
    if (ui.renaming.value) ui.renaming.value = null;
    else if (selected.value.size) selected.value = new Set();
    else if (route.value.id) go(route.value.page);
    else return false;
    return true;
  };
  return {
    n: () => void (ui.composing.value = true),
    "/": () => void ui.search?.focus(),
    "?": () => void (help.value = true),
    j: step(1),
    k: step(-1),
    ArrowDown: step(1),
    ArrowUp: step(-1),
    Home: step(-Infinity),
    End: step(Infinity),
    PageDown: step(10),
    PageUp: step(-10),
    "Shift+ArrowDown": extend(1),
    "Shift+ArrowUp": extend(-1),
    c: some(completeThem),
    e: some(([id]) => (ui.renaming.value = { id })),
    d: some((ids) => (ui.due.value = { ids, due: ids.length === 1 ? find(ids[0]).due : null, anchor: anchorOf(ids[0]) })),
    t: day(0, "Today"),
    m: day(1, "Tomorrow"),
    p: some(prioritise),
    x: some(() => cursor.value && select(cursor.value)),
    Delete: some(deleteThem),
    u: () => (offer.value ? void undo() : false),
    "Ctrl+z": () => (offer.value ? void undo() : false),
    "Ctrl+a": () => void (selected.value = new Set(order.value)),
    Escape: escape,
  };
}

const anchorOf = (id) => document.querySelector(`[data-id="${CSS.escape(id)}"] .row-due`);
