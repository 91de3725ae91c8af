// One reminder in a list: what it is, its sync state with the reason, and, opened, everything that can be done with it.

import { announce, fill, h } from "./dom.js";
import { editor } from "./editor.js";
import { dueWords } from "./model.js";
import { change, changed, find, readHistory, readWhole, remove, state, syncThis, today } from "./state.js";

const STATES = { synced: "Synced", waiting: "Waiting", "not synced": "Not synced", "handed over": "Handed over", problem: "Problem" };

/** Make a row for the reminder with this id; `update(reminder)` shows it as it is now. */
export function row(id) {
  const head = h("div", { class: "row-head" });
  const note = h("div", { class: "note", role: "alert" });
  const body = h("div", { class: "row-body", id: `body-${id}` });
  const element = h("li", { class: "row" }, head, note, body);
  let opened = false;
  return {
    element,
    update(reminder) {
      element.classList.toggle("done", reminder.status === "Complete");
      element.classList.toggle("busy", reminder.busy);
      element.classList.toggle("open", state.open === id);
      fill(head, ...headOf(reminder));
      fill(note, ...noteOf(id));
      if (opened === (state.open === id)) return;
      opened = !opened;
      body.replaceChildren();
      if (opened) fillBody(body, reminder);
    },
  };
}

function headOf(reminder) {
  const { id } = reminder;
  const done = reminder.status === "Complete";
  const late = !done && !reminder.deleted && reminder.due !== null && reminder.due < today();
  const tick = h(
    "button",
    { type: "button", class: "tick", "data-focus": "tick", "aria-pressed": String(done), "aria-label": `${done ? "Reopen" : "Complete"}: ${reminder.name}`, onclick: () => toggle(id) },
    h("span", { "aria-hidden": "true" }, "✓"),
  );
  return [
    reminder.deleted ? h("span", { class: "tick gone", "aria-hidden": "true" }, "×") : tick,
    h(
      "div",
      { class: "row-text" },
      h("button", { type: "button", class: "row-name", "data-focus": "name", "aria-expanded": String(state.open === id), "aria-controls": `body-${id}`, onclick: () => toggleOpen(id) }, h("bdi", null, reminder.name)),
      h(
        "p",
        { class: "facts" },
        h("span", { class: late ? "late" : null }, dueWords(reminder.due, today())),
        h("span", null, reminder.type === "Custom" ? "To-do" : reminder.type),
        reminder.priority === "High" && h("span", { class: "high" }, "High priority"),
        reminder.assignee !== state.me.id && h("span", null, `For ${state.names.get(reminder.assignee) ?? reminder.assignee}`),
        reminder.excerpt && h("span", { class: "excerpt" }, h("bdi", null, reminder.excerpt.replaceAll("\n", " "))),
      ),
      reminder.sync_state === "problem" && h("p", { class: "reason" }, reminder.sync_reason),
    ),
    h("span", { class: `state is-${reminder.sync_state.replace(" ", "-")}`, title: reminder.sync_reason }, reminder.busy ? "Saving…" : STATES[reminder.sync_state], h("span", { class: "unseen" }, reminder.sync_reason && `: ${reminder.sync_reason}`)),
  ];
}

/** What the server said about an edit that it refused: nothing was saved, and here is why. */
function noteOf(id) {
  const note = state.notes.get(id);
  if (!note) return [];
  const dismiss = () => {
    state.notes.delete(id);
    changed();
  };
  return [
    h("p", null, `Not saved. ${note.text}`),
    note.changes.length > 0 && h("ul", null, note.changes.map((text) => h("li", null, text))),
    h(
      "div",
      { class: "actions" },
      note.stale && state.open !== id && h("button", { type: "button", class: "button", onclick: () => state.notes.get(id)?.again() }, "Do it anyway"),
      h("button", { type: "button", class: "button", onclick: dismiss }, "Dismiss"),
    ),
  ];
}

async function fillBody(body, reminder) {
  const { id } = reminder;
  body.append(h("p", { class: "quiet" }, "Loading…"));
  const [whole, lines] = await Promise.all([readWhole(id), readHistory(id)]).catch((error) => [error, null]);
  if (state.open !== id) return;
  if (!lines) {
    body.replaceChildren(h("p", { class: "problem" }, whole.message));
    return;
  }
  const locked = whole.deleted || whole.sync_state === "handed over";
  const save = async (values, seen) => {
    if (Object.keys(values).length === 0) return close(id);
    if (await change(id, values, seen)) {
      announce("Saved.");
      return close(id);
    }
    const note = state.notes.get(id);
    return note && { text: note.text, field: note.field, current: note.current };
  };
  const form = locked ? readOnly(whole) : editor(whole, { save, cancel: () => close(id), verb: "Save" });
  body.replaceChildren(form, more(whole), history(lines));
  form.querySelector("input")?.focus();
}

function readOnly(reminder) {
  const why = reminder.deleted ? "Deleted. It stays here for 15 days." : reminder.sync_reason;
  return h("div", { class: "read-only" }, h("p", null, why), reminder.details && h("p", { class: "details" }, h("bdi", null, reminder.details)));
}

/** What else can be done: sync this one, look at it in Salesforce, delete (asked twice, because the task goes with it). */
function more(reminder) {
  const { id } = reminder;
  const sure = h("span", { hidden: true }, reminder.task_id ? "Delete it here and in Salesforce? " : "Delete it? ", h("button", { type: "button", class: "button danger", onclick: () => confirmed(id) }, "Yes, delete"));
  const ask = (event) => {
    sure.hidden = false;
    event.currentTarget.hidden = true;
    sure.querySelector("button").focus();
  };
  const link = (href, label) => h("a", { class: "link", href, target: "_blank", rel: "noopener noreferrer" }, label);
  return h(
    "div",
    { class: "actions more" },
    reminder.sync_state === "not synced" && !reminder.deleted && h("button", { type: "button", class: "button", onclick: () => syncThis(id) }, "Sync this one"),
    reminder.task_url && link(reminder.task_url, "Open the task in Salesforce"),
    reminder.person_url && link(reminder.person_url, "Open the person in Salesforce"),
    !reminder.deleted && h("button", { type: "button", class: "button quiet", onclick: ask }, "Delete…"),
    sure,
    reminder.sync_reason && h("p", { class: "quiet" }, `${STATES[reminder.sync_state]}: ${reminder.sync_reason}`),
  );
}

function history(lines) {
  const item = (line) => h(
    "li",
    null,
    h("time", { datetime: line.at }, new Date(line.at).toLocaleString()),
    h("span", null, h("bdi", null, line.text), line.lost !== null && h("q", null, line.lost)),
  );
  return h("details", { class: "history" }, h("summary", null, "History"), h("ol", null, [...lines].reverse().map(item)));
}

async function toggle(id) {
  const before = find(id);
  if (!before) return;
  const status = before.status === "Complete" ? "Open" : "Complete";
  const saved = await change(id, { status });
  if (saved) state.undo?.(saved.name, status, () => change(id, { status: before.status }, saved));
}

async function confirmed(id) {
  close(id);
  if (await remove(id)) announce("Deleted.");
}

function toggleOpen(id) {
  state.open = state.open === id ? null : id;
  changed();
}

function close(id) {
  if (state.open === id) state.open = null;
  changed();
  document.querySelector(`[aria-controls="body-${CSS.escape(id)}"]`)?.focus();
  return null;
}
