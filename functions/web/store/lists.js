// What is on the screen and where it comes from: lists as the server gave them, our own newer answers over them, and over these
// the edits that are under way.

import { tomorrow } from "../lib/dates.js";
import { route } from "../lib/routes.js";
import { computed, signal } from "../lib/ui.js";

const TRUSTED = 15_000; // ms for which our own newest answer counts more than a list that may lag behind it

export const me = signal(null);
export const names = signal(new Map()); // user or person id → name
export const assignable = signal([]); // ids of the users that are offered as assignees
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
  { id: "given", name: "Assigned by me", icon: "internal_share", views: ["given"] },
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
export const put = (map, key, value) => putAll(map, [[key, value]]);

/** Set several keys at once; of thousands, one copy is made. */
export function putAll(map, entries) {
  const next = new Map(map.value);
  for (const [key, value] of entries) {
    if (value === undefined) next.delete(key);
    else next.set(key, value);
  }
  map.value = next;
}

const FOUND = "found-"; // begins the name of what a search found in a view

/** The list of what a search found in a view. */
export const hits = (view) => `${FOUND}${view}`;

const computedViews = new Map(); // view → { shown, index, known }: computed once for each change, however many ask

function computedView(view) {
  if (!computedViews.has(view)) {
    const known = computed(() => byId(listed.value.get(view)?.items));
    const belonging = computed(() => inView(view));
    const shown = computed(() => merged(view, belonging.value, known.value));
    const index = computed(() => byId(shown.value));
    computedViews.set(view, { shown, index, known });
  }
  return computedViews.get(view);
}

const byId = (items) => new Map(items?.map((item) => [item.id, item]));

/** The reminders of a view as they are shown, in order. Null: not read yet. */
export const reminders = (view) => computedView(view).shown.value;

/** What the server listed, in order. */
function inView(view) {
  const list = listed.value.get(view);
  return list ? list.items.filter((item) => belongs(item, view, today.value)).sort(inOrder(view)) : null;
}

/** What is newer or under way is put in its place; with thousands of others, nothing is sorted anew. */
function merged(view, before, theirs) {
  if (!before) return null;
  const touched = new Map();
  for (const [id, { reminder }] of newer.value) {
    if (!theirs.has(id) || theirs.get(id).version <= reminder.version) touched.set(id, reminder);
  }
  for (const [id, edit] of ahead.value) {
    const item = touched.get(id) ?? theirs.get(id);
    if (item) touched.set(id, { ...item, ...edit, busy: true });
  }
  if (touched.size === 0) return before;
  const shown = before.filter(({ id }) => !touched.has(id));
  const compared = inOrder(view);
  for (const [id, item] of touched) {
    if (belongs(item, view, today.value) && (theirs.has(id) || (!view.startsWith(FOUND) && isMine(item, view)))) shown.splice(placeOf(item, shown, compared), 0, item);
  }
  return shown;
}

const isMine = ({ assignee, created_by: by }, view) => (view === "given" ? by === me.value.id && assignee !== me.value.id : assignee === me.value.id);

/** Where it belongs among what is in order. */
function placeOf(item, items, compared) {
  let [from, to] = [0, items.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (compared(items[middle], item) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

/**
 * Find a reminder as it is shown, or else as a list knows it that no longer shows it: what was just completed can be taken back. Lists
 * are read at different moments: the newest version counts, or an edit goes out on an old one.
 */
export function find(id) {
  const own = newer.value.get(id)?.reminder;
  const found = [...listed.value.keys()].map((view) => shownOrKnown(computedView(view), id)).filter(Boolean);
  if (own) found.push({ ...own, ...ahead.value.get(id) });
  return found.reduce((one, other) => (one && one.version >= other.version ? one : other), null);
}

/** What of a reminder moves on whenever anything about it does. */
export const stamp = ({ version, sync_state: state, sync_reason: reason }) => `${version} ${state} ${reason}`;

const shownOrKnown = ({ index, known }, id) => index.value.get(id) ?? known.value.get(id);

/** Keep answers of the server's: for a while they count more than a list that may lag behind them. */
export const rememberAll = (items) => putAll(newer, items.map((reminder) => [reminder.id, { reminder, until: Date.now() + TRUSTED }]));

export const remember = (reminder) => rememberAll([reminder]);

/** Let go of our own answers that the lists have caught up with, or that are old. While one list lags behind, it would show the past. */
export function settle() {
  const now = Date.now();
  const kept = [...newer.value].filter(([id, { reminder, until }]) => until > now && !caughtUp(id, reminder.version));
  if (kept.length < newer.value.size) newer.value = new Map(kept);
}

function caughtUp(id, version) {
  const theirs = [...listed.value.keys()].map((view) => computedView(view).known.value.get(id)).filter(Boolean);
  return theirs.length > 0 && theirs.every((item) => item.version >= version);
}

/** Whether a reminder belongs into a view on that day; the same rule as the server's. */
export function belongs({ status, due, deleted, sync_state: state }, list, day) {
  const view = list.replace(FOUND, "");
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
function inOrder(list) {
  const view = list.replace(FOUND, "");
  const sign = view === "completed" || view === "deleted" ? -1 : 1;
  const when = view === "deleted" ? (item) => item.deleted?.at ?? "" : (item) => item.due ?? (sign > 0 ? "~" : "-");
  return (one, other) =>
    sign * compare(when(one), when(other)) ||
    compare(other.priority === "High", one.priority === "High") ||
    compare(one.created, other.created) ||
    compare(one.id, other.id);
}

const compare = (one, other) => (one < other ? -1 : Number(one > other));
