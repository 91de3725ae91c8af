// Who is signed in, and calls of the API in their name. Tokens live in memory only; the tab remembers no more than a user name.

const REMEMBERED = "reminder-sync.username";
const TIMEOUT = 15_000;

/** A refusal of the API. `status` 0: no answer came. */
export class Refusal extends Error {
  constructor(status, { code = "unknown", message, field = null } = {}, current = null) {
    super(message ?? `The server answered ${status}.`);
    Object.assign(this, { status, code, field, current });
  }
}

let user = null;

/** Users to choose from, in a local stack; null where sign-in is not set up. */
export async function localUsers() {
  const response = await send("/__local/users", {});
  if (response.status === 404) return null;
  if (!response.ok) throw new Refusal(response.status);
  return response.json();
}

export function signIn(chosen) {
  user = chosen;
  sessionStorage.setItem(REMEMBERED, chosen.username);
}

export function signOut() {
  user = null;
  sessionStorage.removeItem(REMEMBERED);
}

export function remembered(users) {
  return users.find((item) => item.username === sessionStorage.getItem(REMEMBERED)) ?? null;
}

/**
 * Call the API. Gives { status, body, etag }; a 304 has no body. Throws Refusal.
 * `version` becomes If-Match, `etag` If-None-Match, `key` Idempotency-Key.
 */
export async function call(method, path, { body, version, etag, key } = {}) {
  const asked = () => {
    const headers = { Authorization: `Bearer ${user?.id_token}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (version !== undefined) headers["If-Match"] = typeof version === "number" ? `"${version}"` : version;
    if (etag) headers["If-None-Match"] = etag;
    if (key) headers["Idempotency-Key"] = key;
    return send(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  };
  let response = await asked();
  if (response.status === 401 && (await renew())) response = await asked();
  if (response.status === 304) return { status: 304, etag };
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Refusal(response.status, answer?.error, answer?.current);
  return { status: response.status, body: answer, etag: response.headers.get("ETag") };
}

/** Ask for a fresh token once; false if nobody gives one. */
async function renew() {
  const fresh = (await localUsers())?.find((item) => item.username === user?.username);
  if (!fresh || fresh.id_token === user.id_token) return false;
  user = fresh;
  return true;
}

async function send(path, options) {
  try {
    // The cache is ours: a list is asked for with the ETag of what is on the screen, not of what some cache holds.
    return await fetch(path, { ...options, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) });
  } catch (cause) {
    const message = navigator.onLine ? "The server does not answer." : "You are offline.";
    throw Object.assign(new Refusal(0, { code: "no_answer", message }), { cause });
  }
}
