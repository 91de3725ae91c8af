// Keeping the page in step: the lists that are looked at are asked for every two seconds with the ETag of what is shown, and an
// unchanged one costs a 304 without a body. Polling, not a socket: Lambda behind an HTTP API holds no connections, and a lost
// answer repairs itself with the next.

import { call, reminderPath } from "../lib/api.js";
import { Refusal } from "../lib/http.js";
import { signal } from "../lib/ui.js";
import { assignable, find, listed, me, names, put, remember, settle } from "./lists.js";
import { namePeople } from "./people.js";

const EVERY = 2_000; // ms between two looks at the lists while the page is seen
const SLOWEST = 30_000; // ms between two tries while the server does not answer
const STATUS_EVERY = 10_000; // ms between two looks at the sync status; with every look while a first sync runs
const RARELY = 30_000; // ms between two looks at what only adorns: problems, the day's completed ones

export const trouble = signal(null); // the Refusal for which the lists cannot be read now
export const status = signal(null);
export const problems = signal(null); // { causes, truncated, etag }
export const missing = signal(null); // id of the open reminder, once it is not there or not one's own any more

const COUNTED = ["completed", "today", "overdue"]; // what the day's progress and the numbers beside the lists are made of

const QUERIES = { given: () => `view=open&assigned_by=${me.value.id}` }; // lists that are no view of their own

const wanted = { views: [], open: null, read: null }; // `open`: id of the reminder that is open; `read`: the answer that gave it
const due = new Map(); // name of a rare look → when it is next due
let timer = null;
let round = 0;
let failures = 0;

/** Look at these views from now on. */
export function watch(views) {
  wanted.views = views;
  return look();
}

/** Look at this reminder, too, while it is open. Gives what ends that. */
export function watchOpen(id) {
  Object.assign(wanted, { open: id, read: null });
  return () => wanted.open === id && (wanted.open = null);
}

export function stopWatching() {
  clearTimeout(timer);
  round += 1;
  failures = 0;
  due.clear();
  wanted.views = [];
}

/** Look now, and again after a while; one look at a time, and none while nobody sees the page. */
export async function look() {
  clearTimeout(timer);
  const mine = (round += 1);
  try {
    await Promise.all([...wanted.views.map(readView), readOpen(), ...rare()]);
    failures = 0;
    trouble.value = null;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    failures += 1;
    trouble.value = error;
  }
  if (mine !== round) return;
  const pause = Math.min(EVERY * 2 ** failures, SLOWEST);
  if (!document.hidden && trouble.value?.status !== 401) timer = setTimeout(look, pause);
}

function rare() {
  const looks = [];
  if (status.value?.first_sync?.finished === false) due.delete("status");
  if (isDue("status", STATUS_EVERY)) looks.push(readStatus());
  if (isDue("problems", RARELY)) looks.push(readProblems());
  for (const view of COUNTED) if (!wanted.views.includes(view) && isDue(view, RARELY)) looks.push(readView(view));
  return looks;
}

function isDue(name, every) {
  if ((due.get(name) ?? 0) > Date.now()) return false;
  due.set(name, Date.now() + every);
  return true;
}

/**
 * Read a list, page by page. The first page is looked at every time; the ones after it, which only long lists have, more rarely:
 * they hold what is due last. What was read is shown while the rest still comes.
 */
async function readView(view) {
  const before = listed.value.get(view)?.pages ?? [];
  const pages = [];
  for (let cursor = null; pages.length === 0 || cursor; cursor = pages.at(-1).next) {
    const known = before[pages.length];
    const same = known?.cursor === cursor ? known : null;
    const rested = same && cursor && Date.now() - same.at < STATUS_EVERY;
    pages.push(rested ? same : await readPage(view, cursor, same));
    show(view, [...pages, ...before.slice(pages.length)]);
  }
  show(view, pages);
  settle();
  await namePeople(listed.value.get(view).items);
}

/**
 * What is open is read by itself once no list that is looked at has it: it was moved to another day, completed, handed on. Unchanged it
 * costs a 304, too, and is kept in mind for as long as it is open.
 */
async function readOpen() {
  const { open, views } = wanted;
  const isListed = views.some((view) => listed.value.get(view)?.items.some(({ id }) => id === open));
  if (!open || isListed || missing.value === open) {
    if (isListed) missing.value = null;
    return;
  }
  try {
    const answer = await call("GET", reminderPath(open), { etag: wanted.read?.etag });
    if (wanted.open !== open) return;
    if (answer.status !== 304) wanted.read = answer;
    const { body } = wanted.read;
    const known = find(open);
    if (!known || known.version < body.version) remember(body);
  } catch (error) {
    if (error.status !== 404) throw error;
    missing.value = open;
  }
}

async function readPage(view, cursor, known) {
  const path = `/api/reminders?${QUERIES[view]?.() ?? `view=${view}`}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`;
  const answer = await call("GET", path, { etag: known?.etag });
  if (answer.status === 304) return Object.assign(known, { at: Date.now() });
  const { items, today, next = null } = answer.body;
  return { cursor, items, today, next, etag: answer.etag, at: Date.now() };
}

/** Put pages on the screen, unless they are there already. */
function show(view, pages) {
  const before = listed.value.get(view)?.pages ?? [];
  if (pages.length === before.length && pages.every((page, index) => page.items === before[index].items && page.today === before[index].today)) {
    before.splice(0, before.length, ...pages);
    return;
  }
  put(listed, view, { pages, items: pages.flatMap(({ items }) => items), today: pages[0].today });
}

export async function readStatus() {
  status.value = (await call("GET", "/api/status")).body;
}

export async function readProblems() {
  const answer = await call("GET", "/api/problems", { etag: problems.value?.etag });
  if (answer.status !== 304) problems.value = { ...answer.body, etag: answer.etag };
}

export async function readNames() {
  const { people } = (await call("GET", "/api/assignees")).body;
  names.value = new Map([...names.value, ...people.map((person) => [person.id, person.name])]);
  assignable.value = people.map(({ id }) => id);
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && me.value) look();
});
addEventListener("online", () => me.value && look());
addEventListener("offline", () => me.value && look());
