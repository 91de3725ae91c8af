// Requests, and what a refusal is.

import { t } from "./words.js";

const TIMEOUT = 15_000;

/** A refusal of the API. `status` 0: no answer came. */
export class Refusal extends Error {
  constructor(status, { code = "unknown", message, field = null } = {}, current = null) {
    super(message ?? t("The server answered {status}.", { status }));
    Object.assign(this, { status, code, field, current });
  }
}

/** Send a request and wait 15 seconds at most. Throws Refusal with status 0. */
export async function send(path, options = {}) {
  try {
    // The cache is ours: a list is asked for with the ETag of what is on the screen, not of what some cache holds.
    return await fetch(path, { ...options, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) });
  } catch (cause) {
    const message = navigator.onLine ? "The server does not answer." : "You are offline.";
    throw Object.assign(new Refusal(0, { code: "no_answer", message }), { cause });
  }
}
