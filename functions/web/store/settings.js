// One's own settings, and those of the org: read when the page is opened, saved on the version that was seen.

import { call } from "../lib/api.js";
import { signal } from "../lib/ui.js";
import { readStatus } from "./watch.js";

export const SYNC_OFF = "Do not sync to Salesforce tasks";
export const SYNC_ON = "Sync with Salesforce tasks";

export const POLICY_WORDS = { latest: "The later edit wins", salesforce: "Salesforce wins", reminder: "The reminder wins" };

export const own = signal(null); // { body, etag }
export const org = signal(null);

const read = async (place, path) => {
  const { body, etag } = await call("GET", path);
  place.value = { body, etag };
};

const save = async (place, path, body) => {
  const answer = await call("PUT", path, { body, version: place.value.etag });
  place.value = { body: answer.body, etag: answer.etag };
};

export const readOwn = () => read(own, "/api/settings");
export const readOrg = () => read(org, "/api/settings/org");
export const saveOrg = (wanted) => save(org, "/api/settings/org", wanted);

/** Switch sync on or off. Throws Refusal; on a stale one what is there now is read, to be seen before it is changed. */
export async function saveOwn(wanted) {
  await save(own, "/api/settings", wanted);
  await readStatus();
}
