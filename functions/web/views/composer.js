// A new reminder, in the list where it will stand. Enter makes it; nothing typed is lost when that fails.

import { PersonField } from "../components/person.js";
import { component, html, signal } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { create } from "../store/edits.js";
import { assignable, cursor, listHere, me, names, today } from "../store/lists.js";
import { plus } from "../lib/dates.js";
import { TYPES } from "./row.js";

/** The day that a new reminder gets, so that it stands in the list in which it is made. */
function dayHere() {
  const day = today.value;
  return { "no-date": "", upcoming: plus(day, 2) }[listHere().id] ?? day;
}

export const Composer = component((self) => {
  const key = crypto.randomUUID(); // one form is one reminder, however often it is sent
  const refused = signal(null);
  const busy = signal(false);
  const person = signal(null);
  let form = null;
  let done = false;
  const before = document.activeElement;
  self.onMount(() => {
    form.elements.name.focus();
    // Once it is made, the focus goes to it, with the cursor.
    return () => done || (before?.isConnected && before !== document.body ? before : document.querySelector(".new"))?.focus();
  });
  const save = async (event) => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    refused.value = null;
    const { name, due, type, priority, assignee, details } = form.elements;
    const values = { name: name.value, due: due.value || null, type: type.value, priority: priority.value, assignee: assignee.value, details: details.value || null, person: person.value?.id ?? null };
    try {
      const made = await create(values, key);
      done = true;
      self.props.onClose();
      cursor.value = made.id;
    } catch (error) {
      refused.value = error;
      busy.value = false;
      form.elements[error.field]?.focus();
    }
  };
  const keys = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    self.props.onClose();
  };
  return ({ onClose }) => {
    const { field, message } = refused.value ?? {};
    const select = (name, label, options, value) => html`
      <div class="slds-form-element">
        <label class="slds-form-element__label" for=${`new-${name}`}>${label}</label>
        <select class="slds-select" id=${`new-${name}`} name=${name}>${options.map(([one, words]) => html`<option value=${one} selected=${one === value}>${words}</option>`)}</select>
      </div>`;
    return html`
      <form class="composer" aria-label=${t("New reminder")} novalidate ref=${(element) => (form = element)} onSubmit=${save} onKeyDown=${keys}>
        <div class=${`slds-form-element wide ${field === "name" ? "slds-has-error" : ""}`}>
          <label class="slds-form-element__label" for="new-name">${t("Name")}</label>
          <input class="slds-input" id="new-name" name="name" maxlength="255" autocomplete="off" placeholder=${t("What is to be done?")} aria-invalid=${field === "name" ? "true" : null} />
        </div>
        <div class="slds-form-element">
          <label class="slds-form-element__label" for="new-due">${t("Due")}</label>
          <input class="slds-input" id="new-due" name="due" type="date" min="1700-01-01" max="4000-12-31" defaultValue=${dayHere()} />
        </div>
        ${select("type", t("Type"), Object.entries(TYPES).map(([value, [, words]]) => [value, t(words)]), "Custom")}
        ${select("priority", t("Priority"), [["Normal", t("Normal")], ["High", t("High")]], "Normal")}
        ${select("assignee", t("Assignee"), people(), me.value.id)}
        <${PersonField} id="new-person" chosen=${person.value?.id ?? null} onChoose=${(one) => (person.value = one)} />
        <div class="slds-form-element wide">
          <label class="slds-form-element__label" for="new-details">${t("Details")}</label>
          <textarea class="slds-textarea" id="new-details" name="details" rows="2"></textarea>
        </div>
        ${message && html`<p class="problem wide" role="alert">${t(message)}</p>`}
        <div class="buttons wide">
          <button class="slds-button slds-button_brand" disabled=${busy.value}>${t("Create")}</button>
          <button type="button" class="slds-button slds-button_neutral" onClick=${onClose}>${t("Cancel")}</button>
        </div>
      </form>`;
  };
});

/** Users to assign to: [id, name]. */
export const people = () => assignable.value.map((id) => [id, names.value.get(id) ?? id]);
