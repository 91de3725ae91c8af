// Keeping the page in step: the lists that are looked at are asked for every two seconds with the ETag of what is shown, and an
// unchanged one costs a 304 without a body. Polling, not a socket: Lambda behind an HTTP API holds no connections, and a lost
// answer repairs itself with the next.

import { call } from "../lib/api.js";
import { Refusal } from "../lib/http.js";
import { signal } from "../lib/ui.js";
import { listed, me, names, put, settle } from "./lists.js";

const EVERY = 2_000; // ms between two looks at the lists while the page is seen
const SLOWEST = 30_000; // ms between two tries while the server does not answer
const STATUS_EVERY = 10_000; // ms between two looks at the sync status; with every look while a first sync runs
const RARELY = 30_000; // ms between two looks at what only adorns: problems, the day's completed ones

export const trouble = signal(null); // the Refusal for which the lists cannot be read now
export const status = signal(null);
export const problems = signal(null); // { causes, truncated, etag }

const wanted = { views: [] };
const due = new Map(); // name of a rare look → when it is next due
let timer = null;
let round = 0;
let failures = 0;

/** Look at these views from now on. */
export function watch(views) {
  wanted.views = views;
  return look();
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
    await Promise.all([...wanted.views.map(readView), ...rare()]);
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
  if (!wanted.views.includes("completed") && isDue("completed", RARELY)) looks.push(readView("completed"));
  return looks;
}

function isDue(name, every) {
  if ((due.get(name) ?? 0) > Date.now()) return false;
  due.set(name, Date.now() + every);
  return true;
}

async function readView(view) {
  const before = listed.value.get(view);
  const answer = await call("GET", `/api/reminders?view=${view}`, { etag: before?.etag });
  if (answer.status !== 304) put(listed, view, { ...answer.body, etag: answer.etag });
  settle(view);
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
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && me.value) look();
});
addEventListener("online", () => me.value && look());
addEventListener("offline", () => me.value && look());
