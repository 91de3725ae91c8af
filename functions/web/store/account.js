// Signing in and out, and what is read once at the start.

import { call } from "../lib/api.js";
import { Refusal } from "../lib/http.js";
import { endSession, failedSignIn, forget, onReplaced, onTold, renew, returnToRoute, signedInAs, tell } from "../lib/session.js";
import { signal } from "../lib/ui.js";
import { speak } from "../lib/words.js";
import { refusals } from "./edits.js";
import { ahead, cursor, listed, me, names, newer, selected } from "./lists.js";
import { closeOffer } from "./undo.js";
import { problems, readNames, status, stopWatching, trouble } from "./watch.js";

/**
 * Where the sign-in stands: { step: "looking" | "out" | "left" | "problem" | "refused" | "failed" | "stuck" | "in" }. Of "problem" the
 * server's code and of "refused", "failed" and "stuck" the words; "left" is after signing out, with what Salesforce said to it.
 */
export const account = signal({ step: "looking" });

/** Enter if the browser has a session, or say why not. */
export async function begin() {
  leave();
  forget();
  const problem = failedSignIn();
  if (problem) {
    account.value = { step: "problem", problem };
    return;
  }
  try {
    await renew();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    account.value = error.status === 401 ? { step: "out", ended: error.code === "session_ended" } : { step: "failed", problem: error.message };
    return;
  }
  await enter();
}

async function enter() {
  try {
    const found = (await call("GET", "/api/me")).body;
    await speak(found.language);
    names.value = new Map([[found.id, found.name]]);
    me.value = found;
    account.value = { step: "in" };
    returnToRoute();
    tell(found.id);
    await readNames();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (me.value) trouble.value = error; // in, but what followed failed: the page says so and tries again
    else if (error.status === 403) account.value = { step: "refused", problem: error.message };
    else account.value = { step: "failed", problem: error.message };
  }
}

/** Sign out in all tabs, and at Salesforce. Where the server does not answer one is not signed out, and is told so. */
export async function signOut() {
  leave();
  try {
    const { revoked, salesforce } = await endSession();
    account.value = { step: "left", revoked, salesforce };
    tell(null);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    account.value = { step: "stuck", problem: error.message };
  }
}

onTold((who) => {
  const { step } = account.value;
  if (who === null) {
    leave();
    forget();
    account.value = { step: "left", revoked: true, salesforce: null };
  } else if (step === "in" ? who !== signedInAs() || trouble.value?.status === 401 : step !== "looking") {
    begin();
  }
});
onReplaced(begin);

function leave() {
  stopWatching();
  closeOffer();
  account.value = { step: "looking" };
  me.value = status.value = problems.value = trouble.value = cursor.value = null;
  for (const map of [listed, newer, ahead, names, refusals]) map.value = new Map();
  selected.value = new Set();
}
