// What is on the screen and where it comes from: lists as the server gave them, our own newer answers over them, and over these
// the edits that are under way.

import { tomorrow } from "../lib/dates.js";
import { route } from "../lib/routes.js";
import { computed, signal } from "../lib/ui.js";

const TRUSTED = 15_000; // ms for which our own newest answer counts more than a list that may lag behind it

export const me = signal(null);
export const names = signal(new Map()); // user or person id → name
export const listed = signal(new Map()); // view → { pages, items, today }
export const newer = signal(new Map()); // reminder id → { reminder, until }
export const ahead = signal(new Map()); // reminder id → values of the edits under way, shown in advance
export const cursor = signal(null); // id of the row that keys act on
export const selected = signal(new Set()); // ids

/** The lists: which views of the API each shows, and how they are called. */
export const LISTS = [
  { id: "today", name: "Today and tomorrow", icon: "event", views: ["overdue", "today"] },
  { id: "overdue", name: "Overdue", icon: "clock", views: ["overdue"] },
  { id: "upcoming", name: "Upcoming", icon: "monthlyview", views: ["upcoming"] },
  { id: "no-date", name: "No date", icon: "dash", views: ["no-date"] },
  { id: "open", name: "All open", icon: "list", views: ["open"] },
  { id: "completed", name: "Completed", icon: "success", views: ["completed"] },
  { id: "deleted", name: "Recently deleted", icon: "delete", views: ["deleted"] },
];

/** The list that the address names; a page that is none shows the first. */
export const listHere = () => LISTS.find(({ id }) => id === route.value.page) ?? LISTS[0];

/** The date where the user is, as the server says. */
export const today = computed(() => {
  const days = [...listed.value.values()].map((list) => list.today);
  return days.reduce((one, other) => (one > other ? one : other), me.value?.today ?? "");
});

/** Set one key of a signal that holds a Map, or take it out with `undefined`. */
export function put(map, key, value) {
  const next = new Map(map.value);
  if (value === undefined) next.delete(key);
  else next.set(key, value);
  map.value = next;
}

const computedViews = new Map();

/** The reminders of a view as they are shown, in order. Null: not read yet. */
export function reminders(view) {
  if (!computedViews.has(view)) computedViews.set(view, computed(() => merged(view)));
  return computedViews.get(view).value;
}

function merged(view) {
  const list = listed.value.get(view);
  if (!list) return null;
  const byId = new Map(list.items.map((item) => [item.id, item]));
  const theirs = new Set(byId.keys());
  for (const [id, { reminder }] of newer.value) {
    if (!byId.has(id) || byId.get(id).version <= reminder.version) byId.set(id, reminder);
  }
  const edits = ahead.value;
  const day = today.value;
  const mine = me.value.id;
  const shown = [];
  for (const item of byId.values()) {
    const edit = edits.get(item.id);
    const now = edit ? { ...item, ...edit, busy: true } : item;
    if (belongs(now, view, day) && (theirs.has(item.id) || item.assignee === mine)) shown.push(now);
  }
  return shown.sort(inOrder(view));
}

/** Find a reminder as it is shown, in whichever list has it. */
export function find(id) {
  for (const view of listed.value.keys()) {
    const found = reminders(view)?.find((item) => item.id === id);
    if (found) return found;
  }
  const own = newer.value.get(id)?.reminder;
  return own ? { ...own, ...ahead.value.get(id) } : null;
}

/** Keep an answer of the server's: for a while it counts more than a list that may lag behind it. */
export function remember(reminder) {
  put(newer, reminder.id, { reminder, until: Date.now() + TRUSTED });
}

/** Let go of our own answers that the list has caught up with, or that are old. */
export function settle(view) {
  const items = new Map(listed.value.get(view).items.map((item) => [item.id, item]));
  const now = Date.now();
  const kept = [...newer.value].filter(([id, { reminder, until }]) => until > now && !(items.get(id)?.version >= reminder.version));
  if (kept.length < newer.value.size) newer.value = new Map(kept);
}

/** Whether a reminder belongs into a view on that day; the same rule as the server's. */
export function belongs({ status, due, deleted, sync_state: state }, view, day) {
  if (view === "deleted") return Boolean(deleted);
  if (deleted || state === "handed over") return false;
  if (view === "completed") return status === "Complete";
  if (status === "Complete") return false;
  switch (view) {
    case "today":
      return due !== null && due >= day && due <= tomorrow(day);
    case "overdue":
      return due !== null && due < day;
    case "upcoming":
      return due !== null && due > tomorrow(day);
    case "no-date":
      return due === null;
    default:
      return true;
  }
}

/** Order of a list: by due date, undated last, high priority first within a day; completed and deleted ones latest first. */
function inOrder(view) {
  const sign = view === "completed" || view === "deleted" ? -1 : 1;
  const when = view === "deleted" ? (item) => item.deleted?.at ?? "" : (item) => item.due ?? (sign > 0 ? "~" : "-");
  return (one, other) =>
    sign * compare(when(one), when(other)) ||
    compare(other.priority === "High", one.priority === "High") ||
    compare(one.created, other.created) ||
    compare(one.id, other.id);
}

const compare = (one, other) => (one < other ? -1 : Number(one > other));
