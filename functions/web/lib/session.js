// Who is signed in. Tokens live in memory only; the tab remembers no more than a user name.

import { Refusal, send } from "./http.js";

const REMEMBERED = "reminder-sync.username";

let user = null;

export const token = () => user?.id_token;

/** Users to choose from, in a local stack; null where there is none. Throws Refusal. */
export async function localUsers() {
  const response = await send("/__local/users");
  if (response.status === 404) return null;
  if (!response.ok) throw new Refusal(response.status);
  return response.json();
}

export function signInAs(chosen) {
  user = chosen;
  sessionStorage.setItem(REMEMBERED, chosen.username);
}

export function forget() {
  user = null;
  sessionStorage.removeItem(REMEMBERED);
}

export const remembered = (users) => users.find((item) => item.username === sessionStorage.getItem(REMEMBERED)) ?? null;

/** Ask for a fresh token once; false if nobody gives one. */
export async function renew() {
  const fresh = (await localUsers())?.find((item) => item.username === user?.username);
  if (!fresh || fresh.id_token === user.id_token) return false;
  user = fresh;
  return true;
}
