// Searching and filtering: the list that is looked at at once, and everything else through the API.

import { Icon } from "../components/icon.js";
import { stateName } from "../components/state.js";
import { PersonField } from "../components/person.js";
import { Popover } from "../components/popover.js";
import { component, html, signal } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { filter, filtered, NO_FILTER } from "../store/sections.js";
import { TYPES } from "./row.js";

const STATES = ["synced", "waiting", "not synced", "problem"];

export const Filters = component(() => {
  const open = signal(null);
  const set = (values) => (filter.value = { ...filter.value, ...values });
  const left = (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      set({ text: "" });
      event.target.blur();
    } else if (event.key === "ArrowDown" || event.key === "Enter") {
      event.target.blur();
    }
  };
  return ({ ui }) => {
    const some = Object.entries(filter.value).filter(([name, value]) => name !== "text" && value).length;
    return html`
      <div class="filters">
        <label class="search">
          <${Icon} name="search" size="small" /><span class="slds-assistive-text">${t("Search all reminders")}</span>
          <input class="slds-input" type="search" maxlength="200" placeholder=${t("Search")} value=${filter.value.text} ref=${(element) => (ui.search = element)}
            onInput=${(event) => set({ text: event.target.value })} onKeyDown=${left} />
        </label>
        <button type="button" class=${`slds-button slds-button_neutral ${some ? "is-on" : ""}`} aria-expanded=${String(Boolean(open.value))} onClick=${(event) => (open.value = event.currentTarget)}>
          <${Icon} name="filterList" size="small" /> ${t("Filter")}${some > 0 && html` <span class="count">${some}</span>`}
        </button>
        ${filtered.value && html`<button type="button" class="link" onClick=${() => (filter.value = NO_FILTER)}>${t("Clear")}</button>`}
        ${open.value && html`<${Menu} anchor=${open.value} set=${set} onClose=${() => (open.value = null)} />`}
      </div>`;
  };
});

const NOBODY = "none"; // as the API calls it

const Menu = component(() => ({ anchor, set, onClose }) => {
  const { person } = filter.value;
  const choice = (name, label, options) => html`
    <div class="slds-form-element">
      <label class="slds-form-element__label" for=${`filter-${name}`}>${label}</label>
      <select class="slds-select" id=${`filter-${name}`} value=${filter.value[name]} onChange=${(event) => set({ [name]: event.target.value })}>
        <option value="">${t("Any")}</option>${options.map(([value, words]) => html`<option value=${value}>${words}</option>`)}
      </select>
    </div>`;
  return html`
    <${Popover} label=${t("Filter")} anchor=${anchor} onClose=${onClose}>
      <div class="menu menu-wide">
        ${choice("type", t("Type"), Object.entries(TYPES).map(([value, [, words]]) => [value, t(words)]))}
        ${choice("priority", t("Priority"), [["High", t("High")], ["Normal", t("Normal")]])}
        ${choice("state", t("Sync state"), STATES.map((value) => [value, stateName(value)]))}
        ${person !== NOBODY && html`<${PersonField} id="filter-person" chosen=${person || null} onChoose=${(one) => set({ person: one?.id ?? "" })} />`}
        <label class="check"><input type="checkbox" checked=${person === NOBODY} onChange=${(event) => set({ person: event.target.checked ? NOBODY : "" })} /> ${t("Without a person")}</label>
      </div>
    <//>`;
});
