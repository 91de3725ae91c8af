// Who is signed in. The id token is in memory only; what renews it is a cookie that no script sees. A refresh token works once, and a second use ends the session (Salesforce's rotation): so of all tabs
// one at a time renews, and a page that is reloaded in the middle waits for the answer that its predecessor asked for.

import { Refusal, send } from "./http.js";

const EARLY = 0.2; // of its life a token is renewed before its end
const PAUSE = 10_000; // ms until a renewal that failed is tried again while the token still holds
const LOST = 4_000; // ms that a renewal may take which a page began that is gone
const LOCK = "reminder-sync.renewal";
const BEGUN = "reminder-sync.renewal-begun"; // in localStorage: when, nothing else
const ROUTE = "reminder-sync.route"; // in sessionStorage: where one was before going to Salesforce

let held = null; // { token, early, end }: by performance.now(), so that a clock that is set does not matter
let user = null; // whose page this is, until it is forgotten
let renewing = null;
let quietUntil = 0;

/** Tell the other tabs who is signed in now; null for nobody. */
const tabs = new BroadcastChannel("reminder-sync.session");
export const tell = (who) => tabs.postMessage(who);
export const onTold = (listen) => tabs.addEventListener("message", ({ data }) => listen(data));

let replaced = null;
/** Call this when the browser's session has become somebody else's. */
export const onReplaced = (listen) => (replaced = listen);

export const signedInAs = () => user;

/** Give a token that holds, renewed if its end is near. Throws Refusal, 401 if the session is over. */
export async function token() {
  const now = performance.now();
  if (held && (now < held.early || (now < held.end && now < quietUntil))) return held.token;
  try {
    await renew();
  } catch (error) {
    const holds = error instanceof Refusal && error.status !== 401 && held && performance.now() < held.end;
    if (!holds) throw error;
    quietUntil = performance.now() + PAUSE;
  }
  return held.token;
}

/** Ask for a fresh token. Throws Refusal: 401 if the session is over, or is somebody else's now. */
export function renew() {
  renewing ??= navigator.locks.request(LOCK, fetchToken).finally(() => (renewing = null));
  return renewing;
}

async function fetchToken() {
  await afterAnother();
  localStorage.setItem(BEGUN, Date.now());
  const response = await post("/auth/token");
  localStorage.removeItem(BEGUN); // only now: a page that goes away sees its request fail, and still it goes on
  if (!response.ok) throw await refusal(response);
  const { id_token, expires_in, user_id } = await response.json();
  if (user && user !== user_id) {
    held = null; // nothing that was begun as one may go out as the other
    setTimeout(replaced);
    throw new Refusal(401, { code: "another_user", message: "Somebody else has signed in with this browser." });
  }
  const life = expires_in * 1000;
  const end = performance.now() + life;
  user = user_id;
  held = { token: id_token, early: end - EARLY * life, end };
}

/** Wait for the renewal of a page that went away before its answer came. */
async function afterAnother() {
  const begun = Number(localStorage.getItem(BEGUN));
  const left = begun + LOST - Date.now();
  if (begun && left > 0 && left <= LOST) await new Promise((resolve) => setTimeout(resolve, left));
}

/** End the session here and at Salesforce. Gives { revoked, salesforce }. Throws Refusal: then one is still signed in. */
export async function endSession() {
  const response = await navigator.locks.request(LOCK, () => post("/auth/logout"));
  if (!response.ok) throw await refusal(response);
  forget();
  return response.json();
}

export function forget() {
  held = user = null;
}

/** Go to Salesforce to sign in, and come back to what is shown now. `choose`: even who is signed in there is asked who they are. */
export function signInAtSalesforce({ choose = false } = {}) {
  sessionStorage.setItem(ROUTE, location.hash);
  location.assign(choose ? "/auth/login?prompt=login" : "/auth/login");
}

/** Show again what was shown before going to Salesforce. */
export function returnToRoute() {
  const route = sessionStorage.getItem(ROUTE);
  sessionStorage.removeItem(ROUTE);
  if (route && !location.hash) location.replace(route);
}

/** Why the sign-in that led here failed, as the server says in the page; once, so that a reload does not say it again. */
export function failedSignIn() {
  const place = document.getElementById("app");
  const problem = place.dataset.signIn ?? null;
  delete place.dataset.signIn;
  if (problem) history.replaceState(null, "", "/");
  return problem;
}

/** keepalive: the answer sets the next cookie, so it must arrive even if the page goes away now. */
const post = (path) => send(path, { method: "POST", headers: { "X-Reminder-Sync": "1" }, keepalive: true });

async function refusal(response) {
  const code = (await response.json().catch(() => null))?.error?.code;
  return new Refusal(response.status, { code, message: MEANING[code] });
}

const MEANING = {
  signed_out: "You are not signed in.",
  session_ended: "Your session has ended.",
  salesforce_down: "Salesforce does not answer. Try again in a moment.",
  not_verified: "The sign-in could not be verified.",
  salesforce_refused: "Salesforce does not accept this app.",
};
