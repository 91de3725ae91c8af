// The list that is looked at, filtered and in sections: what is drawn, and what keys move through.

import { longDate, tomorrow } from "../lib/dates.js";
import { computed, signal } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { cursor, hits, listHere, me, names, reminders, selected, today } from "./lists.js";

export const NO_FILTER = { text: "", type: "", priority: "", state: "", person: "" };

export const filter = signal(NO_FILTER);

export const filtered = computed(() => Object.values(filter.value).some(Boolean));

/** What a search finds beside the list itself: view → what its section is called. */
const ELSEWHERE = { open: "Other open reminders", given: "Assigned by me", completed: "Completed", deleted: "Recently deleted" };

/**
 * Sections of { id, name, late, due, items }; null while nothing was read yet. `due` is the day that a drop there gives. Under a
 * filter the list comes first, and then what the other lists hold.
 */
export const sections = computed(() => {
  const list = listHere();
  const read = list.views.map((view) => reminders(view));
  if (read.includes(null)) return null;
  const day = today.value;
  const next = tomorrow(day);
  const elsewhere = filtered.value ? Object.entries(ELSEWHERE).map(([view, name]) => ({ id: hits(view), name: t(name), items: reminders(hits(view)) ?? [] })) : [];
  // The server searches details whole, of which a list has the beginning.
  const found = new Set(elsewhere.flatMap(({ items }) => items.map(({ id }) => id)));
  const fits = filtered.value ? wanted() : () => true;
  const matching = (item) => found.has(item.id) || fits(item);
  const here = list.views.flatMap((view, index) => {
    const items = read[index].filter(matching);
    if (view === "overdue") return [{ id: view, name: t("Overdue"), late: true, items }];
    if (view !== "today") return [{ id: view, name: t(list.name), items }];
    return [
      { id: "today", name: t("Today"), day: longDate(day), due: day, items: items.filter((item) => item.due !== next) },
      { id: "tomorrow", name: t("Tomorrow"), day: longDate(next), due: next, items: items.filter((item) => item.due === next) },
    ];
  });
  const shown = new Set(here.flatMap(({ items }) => items.map(({ id }) => id)));
  const once = (item) => !shown.has(item.id) && shown.add(item.id);
  const others = elsewhere.map((section) => ({ ...section, items: section.items.filter(once) }));
  return [...here, ...others].filter(({ items }) => items.length > 0);
});

/** Ids in the order in which they are drawn. */
export const order = computed(() => (sections.value ?? []).flatMap(({ items }) => items.map(({ id }) => id)));

/** A test for the filter as it stands. */
function wanted() {
  const { text, type, priority, state, person } = filter.value;
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return (item) => matches(item, words, { type, priority, state, person });
}

function matches(item, sought, { type, priority, state, person }) {
  if (type && item.type !== type) return false;
  if (priority && item.priority !== priority) return false;
  if (state && item.sync_state !== state) return false;
  if (person && (person === "none" ? item.person !== null : item.person !== person)) return false;
  if (sought.length === 0) return true;
  const words = [item.name, item.excerpt, item.campaign_name, names.value.get(item.person), names.value.get(item.assignee)];
  const said = words.filter(Boolean).join("\n").toLocaleLowerCase();
  return sought.every((word) => said.includes(word));
}

/** The day's progress: { done, all } of what is due today and of what was due before and is still open. */
export const progress = computed(() => {
  const day = today.value;
  const done = (reminders("completed") ?? []).filter((item) => item.due === day && item.assignee === me.value.id).length;
  const open = (reminders("today") ?? []).filter((item) => item.due === day).length;
  return { done, all: done + open };
});

/** What keys act on: the selection, else the row that has the cursor. */
export function acted() {
  if (selected.value.size) return order.value.filter((id) => selected.value.has(id));
  return cursor.value && order.value.includes(cursor.value) ? [cursor.value] : [];
}

/** Move the cursor by so many rows, within the list; without one it enters at the end it comes from. */
export function move(by) {
  const ids = order.value;
  if (ids.length === 0) return;
  const at = ids.indexOf(cursor.value);
  const next = at < 0 ? (by > 0 ? 0 : ids.length - 1) : Math.min(Math.max(at + by, 0), ids.length - 1);
  cursor.value = ids[next];
}

/** Let the cursor step on to what will stand where these stand now, before they leave the list. */
export function stepOff(ids) {
  if (!ids.includes(cursor.value)) return;
  const all = order.value;
  const at = all.indexOf(cursor.value);
  cursor.value = all.slice(at).find((id) => !ids.includes(id)) ?? all.slice(0, at).findLast((id) => !ids.includes(id)) ?? null;
}

export function select(id, on = !selected.value.has(id)) {
  const next = new Set(selected.value);
  if (on) next.add(id);
  else next.delete(id);
  selected.value = next;
}
