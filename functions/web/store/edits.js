// Edits: shown at once, sent one after the other for each reminder, taken back with the reason when the server refuses them. What is
// done to several is one request for each 200 of them, and so is taking it back.

import { call, reminderPath } from "../lib/api.js";
import { Refusal } from "../lib/http.js";
import { announce, batch, signal } from "../lib/ui.js";
import { many, t } from "../lib/words.js";
import { FIELDS, sameIn, showsSame } from "./differences.js";
import { ahead, find, put, putAll, remember, rememberAll } from "./lists.js";
import { offerUndo, withdraw } from "./undo.js";
import { look } from "./watch.js";

/** What was refused: reminder id → { id, name, message, field, before, current, stale, again }. */
export const refusals = signal(new Map());

const queues = new Map(); // reminder id → the newest edit's promise

const MOST = 200; // items in one request
const AGAIN = 3; // times that an edit goes out anew because of what only the sync wrote meanwhile

/** Create a reminder; the same key never makes two. Throws Refusal. */
export async function create(values, key) {
  const { body } = await call("POST", "/api/reminders", { body: values, key });
  remember(body);
  announce(t("Created: {name}", { name: body.name }));
  look();
  return body;
}

/** Change values. `seen` is the reminder as whoever does it has it before them, if not as a list has it. Gives the reminder, or null if that was refused. */
export function change(id, values, seen) {
  const send = (version) => call("PATCH", reminderPath(id), { body: values, version });
  return attempt(id, values, send, (_, current) => change(id, values, current ?? seen), seen);
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
  return attempt(id, {}, () => call("POST", reminderPath(id, "/retry")), () => retry(id, item), newest(id, item));
}

export function ignore(id, item) {
  return attempt(id, {}, () => call("POST", reminderPath(id, "/ignore")), () => ignore(id, item), newest(id, item));
}

const CHOSEN = {
  "delete here": () => ({ deleted: { at: new Date().toISOString(), side: "here", agreed: null } }),
  "create again": () => ({ sync_state: "waiting", problem: null }),
  "keep, not synced": () => ({ sync_state: "not synced", problem: null }),
};

/** Choose what becomes of one whose task is gone (I5). */
export function choose(id, choice, item) {
  const send = (version) => call("POST", reminderPath(id, "/gone"), { version, body: { choice } });
  return attempt(id, CHOSEN[choice](), send, () => choose(id, choice, item), newest(id, item));
}

/** Set a field to a value that a line of the history lost (M2). */
export function takeBack(id, line) {
  const send = (version) => call("POST", reminderPath(id, "/take-back"), { version, body: { line } });
  return attempt(id, {}, send, () => takeBack(id, line));
}

/** Change the same of several reminders, and offer to undo all of it at once. `say` gives the words for what was done. */
export function changeAll(ids, values, say) {
  const before = ids.map((id) => find(id)).filter(Boolean);
  const was = new Map(before.map((item) => [item.id, pick(item, Object.keys(values))]));
  const edit = (changes) => ({ shown: changes, action: { action: "edit", changes }, again: (id) => change(id, changes) });
  return together(before, say, () => edit(values), ({ id }) => edit(was.get(id)));
}

const deletion = () => {
  const shown = { deleted: { at: new Date().toISOString(), side: "here", agreed: null } };
  return { shown, action: { action: "delete" }, again: remove };
};
const restoration = () => ({ shown: { deleted: null }, action: { action: "restore" }, again: restore });

/** Restore several, of which undo deletes them again. */
export function restoreAll(ids) {
  const before = ids.map((id) => find(id)).filter(Boolean);
  return together(before, (done) => said(done, "Restored: {name}", "{n} restored"), restoration, deletion);
}

/**
 * Do it to each, and offer the way back at once: whoever is quick takes back what they did last, not what was answered last. The
 * way back waits for its turn behind each edit, and goes nowhere where that was refused. `act` and `back` give what is to be done
 * to one: what is shown meanwhile, the action of the API, and how to try it again.
 */
async function together(items, say, act, back) {
  if (items.length === 0) return;
  const run = attemptAll(items, act);
  const offered = offerUndo(say(items), () => attemptAll(items, back));
  if (!(await run).some(Boolean)) withdraw(offered);
}

/** Send an edit of each of several in as few requests as there may be. Gives for each the reminder, or null where it was refused. */
async function attemptAll(chosen, act) {
  const items = chosen.map((item) => find(item.id) ?? item);
  const acts = new Map(items.map((item) => [item.id, act(item)]));
  const turns = items.map(({ id }) => queues.get(id));
  batch(() => {
    putAll(refusals, items.map(({ id }) => [id, undefined]));
    putAll(ahead, items.map(({ id }) => [id, { ...ahead.value.get(id), ...acts.get(id).shown }]));
  });
  const sending = Promise.all(items.map((item, at) => turns[at] ?? item)).then((last) => sentAll(items, last, acts));
  const runs = items.map(({ id }) => sending.then((answers) => answers.get(id) ?? null));
  items.forEach(({ id }, at) => queues.set(id, runs[at]));
  const answers = await Promise.all(runs);
  const over = items.filter(({ id }, at) => queues.get(id) === runs[at]);
  for (const { id } of over) queues.delete(id);
  putAll(ahead, over.map(({ id }) => [id, undefined]));
  look();
  return answers;
}

/** `last` are the reminders as their edits before gave them, null where those were refused. Gives id → reminder for what was done. */
async function sentAll(items, last, acts) {
  const wanted = items.map((item, at) => ({ item, on: last[at], left: AGAIN })).filter(({ on }) => on);
  const answers = new Map();
  while (wanted.length) {
    const part = wanted.splice(0, MOST);
    const results = await bulk(part.map(({ item: { id }, on: { version } }) => ({ ...acts.get(id).action, id, version })));
    const refused = [];
    results.forEach(({ status, reminder, error }, at) => {
      const { item, on, left } = part[at];
      const { action } = acts.get(item.id);
      if (!error) answers.set(item.id, reminder);
      else if (status === 412 && left && showsSame(on, reminder, Object.keys(action.changes ?? {}))) wanted.push({ item, on: reminder, left: left - 1 });
      else refused.push([item.id, refusal(item, { ...error, status, current: reminder }, acts.get(item.id))]);
    });
    batch(() => {
      rememberAll(results.map(({ reminder }) => reminder).filter(Boolean));
      putAll(refusals, refused);
    });
    if (refused.length) announce(many(refused.length, "Not saved: {n} reminder", "Not saved: {n} reminders"));
  }
  return answers;
}

/** One request; when it is refused as a whole, or no answer comes, so is each of its items. */
async function bulk(items) {
  try {
    return (await call("POST", "/api/reminders/bulk", { body: { items } })).body.results;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { message, code, field, status } = error;
    return items.map(() => ({ status, reminder: null, error: { message, code, field } }));
  }
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
  return together(before, (done) => said(done, "Deleted: {name}", "{n} deleted"), deletion, restoration);
}

function said(done, one, more, values = {}) {
  return done.length === 1 ? t(one, { name: done[0].name, ...values }) : many(done.length, more, more).replace("{when}", values.when);
}

const newest = (id, item) => (item ? { ...item, ...find(id) } : find(id));

const pick = (item, fields) => Object.fromEntries(fields.map((field) => [field, item[field]]));

function attempt(id, values, send, again, seen = find(id)) {
  if (!seen) return Promise.resolve(null);
  const fields = Object.keys(values);
  const ours = ahead.value.get(id) ?? {};
  put(refusals, id, undefined);
  put(ahead, id, { ...ours, ...values });
  const before = queues.get(id);
  // The edit before may have gone out on more than was seen here: what others made of this field meanwhile is for the server to refuse.
  const on = (last) => (fields.every((field) => field in ours || !(field in FIELDS) || sameIn(seen, last, field)) ? last : seen);
  const run = (before ?? Promise.resolve(seen)).then((last) => (last ? sent(seen, on(last), fields, send, again) : null));
  queues.set(id, run);
  return run.finally(() => {
    if (queues.get(id) !== run) return;
    queues.delete(id);
    put(ahead, id, undefined);
    look();
  });
}

/** What is told of a refused edit of `seen`, and how it can be tried again. */
const refusal = (seen, { message, field, current, status }, { again }) => ({
  ...{ id: seen.id, name: seen.name, message, field, before: seen, current, stale: status === 412 },
  again: () => again(seen.id, current),
});

/** Send one edit; the next of the same reminder goes out on the version that this one gave, and not at all after a refusal. */
async function sent(seen, on, fields, send, again, left = AGAIN) {
  try {
    const { body } = await send(on.version);
    remember(body);
    return body;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { current, status } = error;
    if (status === 412 && left && showsSame(on, current, fields)) return sent(seen, current, fields, send, again, left - 1);
    if (current) remember(current);
    put(refusals, seen.id, refusal(seen, error, { again }));
    announce(t("Not saved: {name}", { name: seen.name }));
    return null;
  }
}

export const dismiss = (id) => put(refusals, id, undefined);

export const dismissAll = () => (refusals.value = new Map());
