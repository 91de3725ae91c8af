// How one of our values stands in the org: the one that is written, and further ones that are read (F2), out of those that the org has.

import { html, view } from "../lib/ui.js";
import { t } from "../lib/words.js";

/** `value` is { ours: { written, also_read } }; `values` are the org's own, null while they cannot be read. */
export const Mapping = view(({ title, ours, value, values, invalid, onChange }) => {
  const set = (key, change) => onChange({ ...value, [key]: { ...value[key], ...change } });
  const id = (key, what) => `map-${key}-${what}`;
  const known = (values ?? []).map(({ name }) => name);
  /** The org's values, and what is set though the org does not have it. */
  const offered = ({ written, also_read: read }) => [...known, ...[written, ...read].filter((name) => !known.includes(name))];
  /** What cannot be read as this: what is written for it, and what stands for another of ours. */
  const taken = (key) => [value[key].written, ...ours.filter((other) => other !== key).flatMap((other) => [value[other].written, ...value[other].also_read])].filter((name) => !value[key].also_read.includes(name));
  const words = (name) => (values && !known.includes(name) ? t("{name} (not in the org)", { name }) : name);
  const tick = (key, name) => (event) => {
    const others = value[key].also_read.filter((one) => one !== name);
    set(key, { also_read: event.target.checked ? [...others, name] : others });
  };
  const write = (key) => ({ target }) => set(key, { written: target.value, also_read: value[key].also_read.filter((one) => one !== target.value) });
  return html`
    <fieldset class=${`mapping ${invalid ? "slds-has-error" : ""}`}>
      <legend><h3>${title}</h3></legend>
      ${ours.map((key) => html`
        <div class="map-row" key=${key}>
          <strong>${t(key)}</strong>
          <div class="slds-form-element"><label class="slds-form-element__label" for=${id(key, "written")}>${t("Written to Salesforce")}</label>
            <select class="slds-select" id=${id(key, "written")} onChange=${write(key)}>
              ${offered(value[key]).map((name) => html`<option value=${name} selected=${name === value[key].written}>${words(name)}</option>`)}
            </select></div>
          <div class="ticks" role="group" aria-labelledby=${id(key, "read")}><span class="slds-form-element__label" id=${id(key, "read")}>${t("Also read as this")}</span>
            <div>${offered(value[key]).filter((name) => !taken(key).includes(name)).map((name) => html`
              <label class="check" key=${name}><input type="checkbox" checked=${value[key].also_read.includes(name)} onChange=${tick(key, name)} /> <bdi>${words(name)}</bdi></label>`)}</div>
          </div>
        </div>`)}
    </fieldset>`;
});
