// What is on the screen, where it comes from, and how it changes: lists are watched, edits are shown at once and taken back
// honestly when the server refuses them.

import { call, Refusal } from "./session.js";
import { belongs, differences, inOrder, LISTS } from "./model.js";

const EVERY = 2_000; // ms between two looks at the lists while the page is seen
const SLOWEST = 30_000; // ms between two tries while the server does not answer
const STATUS_EVERY = 10_000; // ms between two looks at the sync status; with every look while a first sync runs
const TRUSTED = 15_000; // ms for which our own newest answer counts more than a list that may lag behind it

export const state = {
  me: null,
  list: LISTS[0],
  views: new Map(), // view → { items, etag, today, truncated }
  known: new Map(), // reminder id → { reminder, until }: answers to our own edits, newer than a list may be
  shown: new Map(), // reminder id → values of an edit that is under way
  notes: new Map(), // reminder id → { text, field, current, changes, again, stale }: what the server said about an edit that did not work
  names: new Map(), // user id → name
  status: null,
  settings: null, // { body, etag }
  trouble: null, // why the lists cannot be read now
  open: null, // id of the reminder that is being looked at
};

const listeners = new Set();
let timer = null;
let round = 0;
let failures = 0;
let statusAt = 0;

export function onChange(listener) {
  listeners.add(listener);
}

export function changed() {
  for (const listener of listeners) listener();
}

/** The date where the user is, as the server says. */
export function today() {
  return state.views.get(state.list.views.at(-1))?.today ?? state.me.today;
}

/** The reminders of a view as they are shown: the list, our own newer answers, and edits under way. Null: not read yet. */
export function reminders(view) {
  const listed = state.views.get(view);
  if (!listed) return null;
  const byId = new Map(listed.items.map((item) => [item.id, item]));
  for (const [id, { reminder }] of state.known) {
    if (!byId.has(id) || byId.get(id).version < reminder.version) byId.set(id, reminder);
  }
  return [...byId.values()]
    .filter((item) => belongs(item, view, today()) && (item.assignee === state.me.id || listed.items.includes(item)))
    .map((item) => ({ ...item, ...state.shown.get(item.id), busy: state.shown.has(item.id) }))
    .sort(inOrder(view));
}

export function find(id) {
  for (const view of state.views.keys()) {
    const found = reminders(view)?.find((item) => item.id === id);
    if (found) return found;
  }
  return null;
}

export async function start() {
  for (const name of ["views", "known", "shown", "notes", "names"]) state[name].clear();
  Object.assign(state, { list: LISTS[0], status: null, settings: null, trouble: null, open: null });
  state.me = (await call("GET", "/api/me")).body;
  state.names.set(state.me.id, state.me.name);
  statusAt = 0;
  await Promise.all([look(), readSettings(), readNames()]);
}

export function stop() {
  clearTimeout(timer);
  round += 1;
  state.me = null;
}

export function show(list) {
  Object.assign(state, { list, open: null });
  changed();
  return look();
}

/** Look at the lists now, and again after a while; one look at a time, and none while nobody sees the page. */
export async function look() {
  clearTimeout(timer);
  const mine = (round += 1);
  try {
    const wanted = [...state.list.views.map(readView)];
    if (Date.now() - statusAt > STATUS_EVERY || state.status?.first_sync?.finished === false) wanted.push(readStatus());
    await Promise.all(wanted);
    failures = 0;
    state.trouble = null;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    failures += 1;
    state.trouble = error;
  }
  if (mine !== round) return;
  changed();
  const pause = Math.min(EVERY * 2 ** failures, SLOWEST);
  if (!document.hidden && state.trouble?.status !== 401) timer = setTimeout(look, pause);
}

async function readView(view) {
  const before = state.views.get(view);
  const path = `/api/reminders?view=${view}`;
  const answer = await call("GET", path, { etag: before?.etag });
  if (answer.status !== 304) state.views.set(view, { ...answer.body, etag: answer.etag });
  const now = Date.now();
  for (const [id, { reminder, until }] of state.known) {
    const listed = state.views.get(view).items.find((item) => item.id === id);
    if (until < now || listed?.version >= reminder.version) state.known.delete(id);
  }
}

async function readStatus() {
  state.status = (await call("GET", "/api/status")).body;
  statusAt = Date.now();
}

async function readNames() {
  const { people } = (await call("GET", "/api/assignees")).body;
  for (const person of people) state.names.set(person.id, person.name);
  changed();
}

export async function readSettings() {
  const { body, etag } = await call("GET", "/api/settings");
  state.settings = { body, etag };
  changed();
}

/** Switch sync on or off. Throws Refusal. */
export async function saveSettings(wanted) {
  const { body, etag } = await call("PUT", "/api/settings", { body: wanted, version: state.settings.etag });
  state.settings = { body, etag };
  await readStatus();
  changed();
}

/** Create a reminder; the same key never makes two. Throws Refusal. */
export async function create(values, key) {
  const { body } = await call("POST", "/api/reminders", { body: values, key });
  remember(body);
  changed();
  look();
  return body;
}

/**
 * Change values: shown at once, taken back with the reason if refused. Gives the reminder, or null if it was refused.
 * `seen` is the reminder that the person saw while editing, if that is not what the list shows now.
 */
export async function change(id, values, seen = find(id)) {
  const send = () => call("PATCH", path(id), { body: values, version: seen.version });
  return attempt(id, values, seen, send, () => change(id, values));
}

export async function remove(id) {
  const seen = find(id);
  return attempt(id, { deleted: {} }, seen, () => call("DELETE", path(id), { version: seen.version }), () => remove(id));
}

export async function syncThis(id) {
  const send = () => call("POST", `${path(id)}/sync`);
  return attempt(id, { sync_state: "waiting" }, find(id), send, () => syncThis(id));
}

export async function readWhole(id) {
  return (await call("GET", path(id))).body;
}

export async function readHistory(id) {
  return (await call("GET", `${path(id)}/history`)).body.lines;
}

export async function findPeople(text) {
  return (await call("GET", `/api/people?q=${encodeURIComponent(text)}`)).body.people;
}

async function attempt(id, values, before, send, again) {
  if (!before || state.shown.has(id)) return null;
  state.notes.delete(id);
  state.shown.set(id, values);
  changed();
  try {
    const { body } = await send();
    remember(body);
    return body;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.current) remember(error.current);
    const changes = error.current ? differences(before, error.current, state.names) : [];
    const stale = error.status === 412;
    state.notes.set(id, { text: error.message, field: error.field, current: error.current, changes, again, stale });
    return null;
  } finally {
    state.shown.delete(id);
    changed();
    look();
  }
}

function remember(reminder) {
  state.known.set(reminder.id, { reminder, until: Date.now() + TRUSTED });
}

function path(id) {
  return `/api/reminders/${encodeURIComponent(id)}`;
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && state.me) look();
});
window.addEventListener("online", () => state.me && look());
