// How one of our values stands in the org: the one that is written, and further ones that are read (F2).

import { html, view } from "../lib/ui.js";
import { t } from "../lib/words.js";

/** `value` is { ours: { written, also_read } }; what is typed after commas are the further ones. */
export const Mapping = view(({ title, ours, value, invalid, onChange }) => {
  const set = (key, change) => onChange({ ...value, [key]: { ...value[key], ...change } });
  const id = (key, what) => `map-${key}-${what}`;
  const list = (text) => [...new Set(text.split(",").map((item) => item.trim()).filter(Boolean))];
  return html`
    <fieldset class=${`mapping ${invalid ? "slds-has-error" : ""}`}>
      <legend><h3>${title}</h3></legend>
      ${ours.map((key) => html`
        <div class="map-row" key=${key}>
          <strong>${t(key)}</strong>
          <div class="slds-form-element"><label class="slds-form-element__label" for=${id(key, "written")}>${t("Written to Salesforce")}</label>
            <input class="slds-input" id=${id(key, "written")} required maxlength="255" value=${value[key].written} onInput=${(event) => set(key, { written: event.target.value })} /></div>
          <div class="slds-form-element"><label class="slds-form-element__label" for=${id(key, "read")}>${t("Also read as this, with commas between")}</label>
            <input class="slds-input" id=${id(key, "read")} value=${value[key].also_read.join(", ")} onChange=${(event) => set(key, { also_read: list(event.target.value) })} /></div>
        </div>`)}
    </fieldset>`;
});
