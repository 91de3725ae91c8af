// Signing in and out, and what is read once at the start.

import { call } from "../lib/api.js";
import { Refusal } from "../lib/http.js";
import { forget, localUsers, remembered, signInAs } from "../lib/session.js";
import { signal } from "../lib/ui.js";
import { speak } from "../lib/words.js";
import { refusals } from "./edits.js";
import { ahead, cursor, listed, me, names, newer, selected } from "./lists.js";
import { closeOffer } from "./undo.js";
import { problems, readNames, status, stopWatching, trouble } from "./watch.js";

/** Where the sign-in stands: { step: "looking" | "choose" | "none" | "failed" | "in", users, problem }. */
export const account = signal({ step: "looking" });

/** Look who was here before, or offer to sign in; `problem` says why it did not work before. */
export async function begin(problem = null) {
  leave();
  try {
    const users = await localUsers();
    const back = users && !problem && remembered(users);
    if (back) await enter(back);
    else account.value = users ? { step: "choose", users, problem } : { step: "none" };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    account.value = { step: "failed", problem: error.message };
  }
}

export async function enter(user) {
  signInAs(user);
  try {
    const found = (await call("GET", "/api/me")).body;
    await speak(found.language);
    names.value = new Map([[found.id, found.name]]);
    me.value = found;
    account.value = { step: "in" };
    await readNames();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (me.value) trouble.value = error; // in, but what followed failed: the page says so and tries again
    else if (error.status === 403) account.value = { step: "refused", problem: error.message };
    else account.value = { step: "failed", problem: error.message };
  }
}

export function signOut() {
  leave();
  forget();
  begin();
}

function leave() {
  stopWatching();
  closeOffer();
  account.value = { step: "looking" };
  me.value = status.value = problems.value = trouble.value = cursor.value = null;
  for (const map of [listed, newer, ahead, names, refusals]) map.value = new Map();
  selected.value = new Set();
}
