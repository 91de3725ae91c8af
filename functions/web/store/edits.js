// Edits: shown at once, sent one after the other for each reminder, taken back with the reason when the server refuses them.

import { call, reminderPath } from "../lib/api.js";
import { Refusal } from "../lib/http.js";
import { announce, signal } from "../lib/ui.js";
import { many, t } from "../lib/words.js";
import { ahead, find, newer, put, remember } from "./lists.js";
import { offerUndo } from "./undo.js";
import { look } from "./watch.js";

/** What was refused: reminder id → { id, name, message, field, before, current, again }. */
export const refusals = signal(new Map());

const queues = new Map(); // reminder id → the newest edit's promise

/** Create a reminder; the same key never makes two. Throws Refusal. */
export async function create(values, key) {
  const { body } = await call("POST", "/api/reminders", { body: values, key });
  remember(body);
  announce(t("Created: {name}", { name: body.name }));
  look();
  return body;
}

/** Change values. Gives the reminder, or null if that was refused. */
export function change(id, values) {
  return attempt(id, values, (version) => call("PATCH", reminderPath(id), { body: values, version }), () => change(id, values));
}

export function remove(id) {
  const gone = { deleted: { at: new Date().toISOString(), side: "here", agreed: null } };
  return attempt(id, gone, (version) => call("DELETE", reminderPath(id), { version }), () => remove(id));
}

export function restore(id) {
  const send = (version) => call("POST", reminderPath(id, "/restore"), { version });
  return attempt(id, { deleted: null }, send, () => restore(id));
}

export function syncThis(id) {
  return attempt(id, { sync_state: "waiting" }, () => call("POST", reminderPath(id, "/sync")), () => syncThis(id));
}

export function retry(id) {
  return attempt(id, {}, () => call("POST", reminderPath(id, "/retry")), () => retry(id));
}

export function ignore(id) {
  return attempt(id, {}, () => call("POST", reminderPath(id, "/ignore")), () => ignore(id));
}

/** Change the same of several reminders, and offer to undo all of it at once. `name` says what was done. */
export async function changeAll(ids, values, say) {
  const before = ids.map((id) => find(id)).filter(Boolean);
  const saved = await Promise.all(before.map(({ id }) => change(id, values)));
  const done = before.filter((_, index) => saved[index]);
  if (done.length === 0) return;
  const back = () => Promise.all(done.map((item) => change(item.id, pick(item, Object.keys(values)))));
  offerUndo(say(done), back);
}

/** Complete or reopen: open ones are completed; when none is open, all are reopened. */
export function toggle(ids) {
  const items = ids.map((id) => find(id)).filter((item) => item && !item.deleted);
  const open = items.filter((item) => item.status === "Open");
  const [chosen, status] = open.length ? [open, "Complete"] : [items, "Open"];
  const words = status === "Complete" ? "Completed: {name}" : "Reopened: {name}";
  const counted = status === "Complete" ? "{n} completed" : "{n} reopened";
  return changeAll(chosen.map(({ id }) => id), { status }, (done) => said(done, words, counted));
}

export function reschedule(ids, due, when) {
  const words = due ? "{name} is due {when} now" : "{name} has no date now";
  const counted = due ? "{n} are due {when} now" : "{n} have no date now";
  return changeAll(ids, { due }, (done) => said(done, words, counted, { when }));
}

export async function removeAll(ids) {
  const before = ids.map((id) => find(id)).filter((item) => item && !item.deleted);
  const gone = await Promise.all(before.map(({ id }) => remove(id)));
  const done = before.filter((_, index) => gone[index]);
  if (done.length) offerUndo(said(done, "Deleted: {name}", "{n} deleted"), () => Promise.all(done.map(({ id }) => restore(id))));
}

function said(done, one, more, values = {}) {
  return done.length === 1 ? t(one, { name: done[0].name, ...values }) : many(done.length, more, more).replace("{when}", values.when);
}

const pick = (item, fields) => Object.fromEntries(fields.map((field) => [field, item[field]]));

function attempt(id, values, send, again) {
  const seen = find(id) ?? newer.value.get(id)?.reminder;
  if (!seen) return Promise.resolve(null);
  put(refusals, id, undefined);
  put(ahead, id, { ...ahead.value.get(id), ...values });
  const before = queues.get(id);
  const run = (before ?? Promise.resolve(seen)).then((last) => (last ? sent(id, seen, values, () => send(last.version), again) : null));
  queues.set(id, run);
  return run.finally(() => {
    if (queues.get(id) !== run) return;
    queues.delete(id);
    put(ahead, id, undefined);
    look();
  });
}

/** Send one edit; the next of the same reminder goes out on the version that this one gave, and not at all after a refusal. */
async function sent(id, seen, values, send, again) {
  try {
    const { body } = await send();
    remember(body);
    return body;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { message, field, current, status } = error;
    if (current) remember(current);
    put(refusals, id, { id, name: seen.name, message, field, before: seen, current, stale: status === 412, values, again });
    announce(t("Not saved: {name}", { name: seen.name }));
    return null;
  }
}

export const dismiss = (id) => put(refusals, id, undefined);
