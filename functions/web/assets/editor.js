// The form of a reminder: for a new one and for one that exists.

import { h } from "./dom.js";
import { PRIORITIES, TYPES } from "./model.js";
import { findPeople, state } from "./state.js";

let count = 0;

/**
 * Make the form. `seen`: the reminder as the person sees it (values of a new one have no id).
 * `save(values)` gets only what was changed and gives a Refusal, or null when it worked. `cancel()` closes.
 */
export function editor(seen, { save, cancel, verb }) {
  const prefix = `edit-${(count += 1)}`;
  let base = seen;
  const chosen = { person: seen.person ?? null };
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const assignees = [...state.names].map(([id, name]) => [id, name]);
  if (!state.names.has(seen.assignee)) assignees.push([seen.assignee, seen.assignee]);
  const inputs = {
    name: h("input", { type: "text", required: true, maxlength: 255, value: seen.name ?? "", autocomplete: "off" }),
    due: h("input", { type: "date", value: seen.due ?? "", min: "1700-01-01", max: "4000-12-31" }),
    type: select(TYPES.map((item) => [item, item]), seen.type),
    priority: select(PRIORITIES.map((item) => [item, item]), seen.priority),
    assignee: select(assignees, seen.assignee),
    details: h("textarea", { rows: 4, value: seen.details ?? "" }),
  };
  const field = (name, label, wide) => {
    inputs[name].id = `${prefix}-${name}`;
    return h("div", { class: wide ? "field wide" : "field" }, h("label", { for: inputs[name].id }, label), inputs[name]);
  };
  const submit = h("button", { type: "submit", class: "button strong" }, verb);
  const form = h(
    "form",
    { class: "editor", novalidate: true },
    field("name", "Name", true),
    field("due", "Due"),
    field("type", "Type"),
    field("priority", "Priority"),
    field("assignee", "Assignee"),
    personField(prefix, chosen),
    field("details", "Details", true),
    problem,
    h("div", { class: "actions wide" }, submit, h("button", { type: "button", class: "button", onclick: cancel }, "Cancel")),
  );
  const complain = (text, name) => {
    problem.textContent = text;
    problem.hidden = !text;
    for (const input of Object.values(inputs)) input.removeAttribute("aria-invalid");
    if (!text || !inputs[name]) return;
    inputs[name].setAttribute("aria-invalid", "true");
    inputs[name].focus();
  };
  // After a stale write the person has been told what changed. Fields they did not touch show what is there now, so that
  // saving again sends only what is theirs.
  const catchUp = (current) => {
    const mine = changes(base, inputs, chosen);
    for (const [name, input] of Object.entries(inputs)) if (!(name in mine)) input.value = current[name] ?? "";
    if (!("person" in mine)) chosen.person = current.person;
    base = current;
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    complain("");
    submit.disabled = true;
    const refusal = await save(changes(base, inputs, chosen), base);
    submit.disabled = false;
    if (refusal?.current) catchUp(refusal.current);
    if (refusal) complain(refusal.text, refusal.field);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") cancel();
  });
  return form;
}

function select(options, chosen) {
  const element = h("select", null, options.map(([value, label]) => h("option", { value }, label)));
  element.value = chosen;
  return element;
}

function changes(base, inputs, chosen) {
  const now = {
    name: inputs.name.value,
    due: inputs.due.value || null,
    type: inputs.type.value,
    priority: inputs.priority.value,
    assignee: inputs.assignee.value,
    details: inputs.details.value || null,
    person: chosen.person,
  };
  const same = (one, other) => (one ?? "").replaceAll("\r\n", "\n").trim() === (other ?? "").replaceAll("\r\n", "\n").trim();
  return Object.fromEntries(Object.entries(now).filter(([name, value]) => !same(base[name], value)));
}

/** Choose a lead or contact by name; `chosen.person` is the id. */
function personField(prefix, chosen) {
  const input = h("input", { type: "search", id: `${prefix}-person`, placeholder: "Search leads and contacts", autocomplete: "off" });
  const results = h("ul", { class: "results", "aria-label": "People found" });
  const current = h("span", { class: "chosen" });
  let newest = 0;
  let timer = null;
  const show = (label) => {
    results.replaceChildren();
    input.value = "";
    const clear = h("button", { type: "button", class: "link", onclick: () => choose(null, null) }, "Remove person");
    current.replaceChildren(...(chosen.person ? [label ?? `Chosen: ${chosen.person}`, " ", clear] : []));
  };
  const choose = (id, name) => {
    chosen.person = id;
    show(name && `Chosen: ${name}`);
    input.focus();
  };
  const search = async () => {
    const text = input.value.trim();
    const mine = (newest += 1);
    if (text.length < 2) return results.replaceChildren();
    const found = await findPeople(text).catch((error) => error);
    if (mine !== newest) return undefined;
    if (!Array.isArray(found)) return results.replaceChildren(h("li", { class: "quiet" }, found.message));
    const option = ({ id, name }) => h("li", null, h("button", { type: "button", onclick: () => choose(id, name) }, `${name} · ${id.startsWith("00Q") ? "Lead" : "Contact"}`));
    return results.replaceChildren(...(found.length ? found.map(option) : [h("li", { class: "quiet" }, "Nobody found.")]));
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, 250);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  show(null);
  return h("div", { class: "field person" }, h("label", { for: input.id }, "Person"), input, results, current);
}
