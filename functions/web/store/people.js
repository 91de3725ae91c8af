// Names of the leads, contacts and users that are shown: each is asked for once, many at a time. One that the org does not name stays an id.

import { call } from "../lib/api.js";
import { Refusal } from "../lib/http.js";
import { me, names } from "./lists.js";

const MOST = 200; // ids in one request

const AGAIN = 30_000; // ms until one is asked for again that the org did not answer

const asked = new Map(); // id → { by: who asked, in that sign-in, until: ms }

/** Learn the names of whom these reminders are about, and whose they are. */
export const namePeople = (items) => learn(items.flatMap(({ person, assignee }) => [person, assignee]));

/** Learn who these ids are, at most 200 now. Without Salesforce the page goes on without their names. */
export async function learn(wanted) {
  const ids = [...new Set(wanted)].filter((id) => id && !names.value.has(id) && !isAsked(id)).slice(0, MOST);
  if (ids.length === 0) return;
  const note = (until) => ids.forEach((id) => asked.set(id, { by: me.value, until }));
  note(Infinity);
  try {
    const { people } = (await call("GET", `/api/people/names?ids=${ids.join()}`)).body;
    names.value = new Map([...names.value, ...people.map(({ id, name }) => [id, name])]);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status === 401) throw error;
    note(Date.now() + AGAIN);
  }
}

function isAsked(id) {
  const { by, until } = asked.get(id) ?? {};
  return by === me.value && until > Date.now();
}
