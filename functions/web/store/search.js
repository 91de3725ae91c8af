// Searching everything: what a filter finds beyond the list that is looked at, asked of the API page by page.

import { call } from "../lib/api.js";
import { Refusal } from "../lib/http.js";
import { effect, signal } from "../lib/ui.js";
import { hits, listed, me, put, putAll } from "./lists.js";
import { namePeople } from "./people.js";
import { filter, filtered } from "./sections.js";

const PAUSE = 250; // ms without a key before the server is asked
const AGAIN = 30_000; // ms between two looks while the filter stands
const ENOUGH = 200; // found in one view; who finds more looks for something else
const LOOKED_IN = { open: () => "view=open", given: () => `view=open&assigned_by=${me.value.id}`, completed: () => "view=completed", deleted: () => "view=deleted" };

/** Views that are searched, in the order in which what they hold is shown. */
export const SEARCHED = Object.keys(LOOKED_IN);

/** How the search stands: { busy, more, problem }; `more`: there is more than is shown. Null: nothing is searched. */
export const search = signal(null);

let newest = 0;
let timer = null;

/** Search as the filter changes, for as long as a list is shown; gives what ends it. */
export function searching() {
  const stop = effect(() => {
    const wanted = filter.value;
    const some = filtered.value;
    clearTimeout(timer);
    newest += 1;
    if (!some) forget();
    else timer = setTimeout(look, PAUSE, wanted);
  });
  return () => {
    stop();
    clearTimeout(timer);
    newest += 1;
    forget();
  };
}

function forget() {
  search.value = null;
  if (SEARCHED.some((view) => listed.peek().has(hits(view)))) putAll(listed, SEARCHED.map((view) => [hits(view), undefined]));
}

async function look(wanted) {
  const mine = newest;
  search.value = { busy: true, more: false, problem: null };
  try {
    const cut = await Promise.all(SEARCHED.map((view) => readAll(view, wanted, mine)));
    if (mine === newest) search.value = { busy: false, more: cut.includes(true), problem: null };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (mine === newest) search.value = { busy: false, more: false, problem: error.message };
  }
  if (mine === newest) timer = setTimeout(look, AGAIN, wanted);
}

/** Read what one view holds of it; what was found is shown while the rest still comes. Gives whether there is more. */
async function readAll(view, { text, type, priority, state, person }, mine) {
  const asked = Object.entries({ q: text.trim(), type, priority, sync_state: state, person }).filter(([, value]) => value);
  const query = `${LOOKED_IN[view]()}&limit=${ENOUGH}&${new URLSearchParams(asked)}`;
  const items = [];
  for (let cursor = null, first = true; first || cursor; first = false) {
    const { body } = await call("GET", `/api/reminders?${query}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    if (mine !== newest) return false;
    items.push(...body.items);
    cursor = body.next;
    put(listed, hits(view), { pages: [], items: [...items], today: body.today });
    if (items.length >= ENOUGH && cursor) return true;
  }
  await namePeople(items);
  return false;
}
