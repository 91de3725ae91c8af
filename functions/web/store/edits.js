// Edits: shown at once, sent one after the other for each reminder, taken back with the reason when the server refuses them.

import { call, reminderPath } from "../lib/api.js";
import { Refusal } from "../lib/http.js";
import { announce, signal } from "../lib/ui.js";
import { many, t } from "../lib/words.js";
import { ahead, find, put, remember } from "./lists.js";
import { offerUndo, withdraw } from "./undo.js";
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

/** Try again what Salesforce refused (O4). `item` is the reminder where no list has it. */
export function retry(id, item) {
  return attempt(id, {}, () => call("POST", reminderPath(id, "/retry")), () => retry(id, item), item);
}

export function ignore(id, item) {
  return attempt(id, {}, () => call("POST", reminderPath(id, "/ignore")), () => ignore(id, item), item);
}

const CHOSEN = {
  "delete here": () => ({ deleted: { at: new Date().toISOString(), side: "here", agreed: null } }),
  "create again": () => ({ sync_state: "waiting", problem: null }),
  "keep, not synced": () => ({ sync_state: "not synced", problem: null }),
};

/** Choose what becomes of one whose task is gone (I5). */
export function choose(id, choice, item) {
  const send = (version) => call("POST", reminderPath(id, "/gone"), { version, body: { choice } });
  return attempt(id, CHOSEN[choice](), send, () => choose(id, choice, item), item);
}

/** Set a field to a value that a line of the history lost (M2). */
export function takeBack(id, line) {
  const send = (version) => call("POST", reminderPath(id, "/take-back"), { version, body: { line } });
  return attempt(id, {}, send, () => takeBack(id, line));
}

/** Change the same of several reminders, and offer to undo all of it at once. `say` gives the words for what was done. */
export function changeAll(ids, values, say) {
  const before = ids.map((id) => find(id)).filter(Boolean);
  const back = () => before.map((item) => change(item.id, pick(item, Object.keys(values))));
  return together(before, say, ({ id }) => change(id, values), back);
}

/**
 * Do it to each, and offer the way back at once: whoever is quick takes back what they did last, not what was answered last. The
 * way back waits for its turn behind each edit, and goes nowhere where that was refused.
 */
async function together(items, say, act, back) {
  if (items.length === 0) return;
  const runs = items.map(act);
  const offered = offerUndo(say(items), () => Promise.all(back()));
  const saved = await Promise.all(runs);
  if (!saved.some(Boolean)) withdraw(offered);
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

export function removeAll(ids) {
  const before = ids.map((id) => find(id)).filter((item) => item && !item.deleted);
  const say = (done) => said(done, "Deleted: {name}", "{n} deleted");
  return together(before, say, ({ id }) => remove(id), () => before.map(({ id }) => restore(id)));
}

function said(done, one, more, values = {}) {
  return done.length === 1 ? t(one, { name: done[0].name, ...values }) : many(done.length, more, more).replace("{when}", values.when);
}

const pick = (item, fields) => Object.fromEntries(fields.map((field) => [field, item[field]]));

function attempt(id, values, send, again, item) {
  const seen = find(id) ?? item;
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
