// Choosing a lead or a contact of the org by name: a combobox (WAI-ARIA 1.2), asked as one types.

import { call } from "../lib/api.js";
import { Refusal } from "../lib/http.js";
import { component, html, signal } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { names, put } from "../store/lists.js";
import { Icon, IconButton } from "./icon.js";

const PAUSE = 200; // ms without a key before the org is asked

export const kind = (id) => (id.startsWith("00Q") ? "lead" : "contact");

/** `chosen` is an id or null; `onChoose({ id, name } | null)` is called when it changes. */
export const PersonField = component((self) => {
  const found = signal(null); // null: not asked; a text: why nothing was found; else people
  const at = signal(0);
  let newest = 0;
  let timer = null;
  const search = async (text) => {
    const mine = (newest += 1);
    try {
      const { people } = (await call("GET", `/api/people?q=${encodeURIComponent(text)}`)).body;
      if (mine === newest) found.value = people.length ? people : t("Nobody found.");
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (mine === newest) found.value = t(error.message);
    }
    at.value = 0;
  };
  const typed = (event) => {
    clearTimeout(timer);
    const text = event.target.value.trim();
    if (text.length < 2) close();
    else timer = setTimeout(search, PAUSE, text);
  };
  const close = () => {
    newest += 1;
    clearTimeout(timer);
    found.value = null;
  };
  const choose = (person) => {
    close();
    put(names, person.id, person.name);
    self.props.onChoose(person);
  };
  const keys = (event) => {
    const people = Array.isArray(found.value) ? found.value : [];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && people.length) at.value = (at.value + step + people.length) % people.length;
    else if (event.key === "Enter" && people.length) choose(people[at.value]);
    else if (event.key === "Escape" && found.value !== null) close();
    else if (event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
  };
  return ({ id, chosen, disabled, onChoose }) => html`
    <div class="slds-form-element person">
      <label class="slds-form-element__label" for=${id}>${t("Person")}</label>
      ${chosen
        ? html`<span class="pill" id=${id} tabindex="-1"><${Icon} name=${kind(chosen)} size="small" /><bdi>${names.value.get(chosen) ?? chosen}</bdi>
            ${!disabled && html`<${IconButton} name="close" label=${t("Remove person")} onClick=${() => onChoose(null)} />`}</span>`
        : html`<input class="slds-input" id=${id} type="search" role="combobox" autocomplete="off" placeholder=${t("Search leads and contacts")} disabled=${disabled}
            aria-expanded=${String(Array.isArray(found.value))} aria-controls=${`${id}-found`} aria-autocomplete="list"
            aria-activedescendant=${Array.isArray(found.value) ? `${id}-${at.value}` : null}
            onInput=${typed} onKeyDown=${keys} onBlur=${() => setTimeout(close, 150)} />`}
      ${found.value !== null && html`
        <ul class="listbox" id=${`${id}-found`} role="listbox" aria-label=${t("People found")}>
          ${typeof found.value === "string"
            ? html`<li class="quiet" role="presentation">${found.value}</li>`
            : found.value.map((person, index) => html`
              <li id=${`${id}-${index}`} role="option" class="listbox-item" aria-selected=${String(index === at.value)} onMouseDown=${(event) => (event.preventDefault(), choose(person))}>
                <${Icon} name=${kind(person.id)} size="small" /><bdi>${person.name}</bdi><span class="quiet">${kind(person.id) === "lead" ? t("Lead") : t("Contact")}</span>
              </li>`)}
        </ul>`}
    </div>`;
});
