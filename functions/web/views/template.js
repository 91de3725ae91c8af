// The template of the Subject (F1), with what it makes of reminders that are there, and a warning where it would be cut.

import { call } from "../lib/api.js";
import { Refusal } from "../lib/http.js";
import { component, html, signal } from "../lib/ui.js";
import { many, t } from "../lib/words.js";

const FIELDS = {
  activity_type: "type",
  activity_subject: "name",
  sales_campaign_name: "campaign_name",
  sales_campaign_day: "campaign_day",
  sales_campaign_step: "campaign_step",
  call_outcome: "call_outcome",
  call_reason: "call_reason",
};

const LONGEST = 255; // UTF-16 units, as a string's length is here
const SHOWN = 5;

/** Render as the sync does (`subject.render`): names in any case, what has no value is nothing, no line breaks; not cut. */
function render(template, reminder) {
  const filled = template.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => reminder[FIELDS[name.toLowerCase()]] ?? "");
  return filled.replace(/[\r\n\v\f\x85\u2028\u2029]+/g, "").trim();
}

const unknown = (template) =>
  (template.match(/\{\{.*?(?:\}\}|$)/gs) ?? []).filter((text) => !(FIELDS[text.match(/^\{\{\s*(\w+)\s*\}\}$/)?.[1]?.toLowerCase()]));

export const Template = component((self) => {
  const samples = signal([]);
  let input = null;
  const read = async () => {
    try {
      samples.value = (await call("GET", "/api/reminders?view=open&limit=100")).body.items;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error; // a preview is a help; the template can be saved without
    }
  };
  self.onMount(() => void read());
  const insert = (name) => {
    const { selectionStart: at, selectionEnd: end } = input;
    const { value, onInput } = self.props;
    onInput(`${value.slice(0, at)}{{${name}}}${value.slice(end)}`);
    requestAnimationFrame(() => input.focus());
  };
  return ({ value, invalid, onInput }) => {
    const wrong = unknown(value);
    const rendered = samples.value.map((item) => render(value, item));
    const long = rendered.filter((text) => text.length > LONGEST).length;
    return html`
      <div class=${`slds-form-element ${invalid || wrong.length ? "slds-has-error" : ""}`}>
        <label class="slds-form-element__label" for="org-template">${t("Subject of a task")}</label>
        <input class="slds-input" id="org-template" maxlength="1000" required value=${value} aria-describedby="template-told" ref=${(element) => (input = element)} onInput=${(event) => onInput(event.target.value)} />
        <div class="chips">${Object.keys(FIELDS).map((name) => html`<button type="button" class="chip-button" aria-label=${t("Insert {name}", { name })} onClick=${() => insert(name)}>${name}</button>`)}</div>
        <div id="template-told">
          ${wrong.length > 0 && html`<p class="problem">${t("There is no such field: {names}", { names: wrong.join(", ") })}</p>`}
          ${!/activity_subject/i.test(value) && html`<p class="quiet">${t("Without activity_subject, a changed name does not reach Salesforce.")}</p>`}
          ${long > 0 && html`<p class="problem">${many(long, "{n} of your reminders would be cut at 255 characters.", "{n} of your reminders would be cut at 255 characters.")}</p>`}
        </div>
        ${rendered.length > 0 && html`
          <div class="explain" aria-live="polite"><p class="quiet">${t("With your own reminders it makes:")}</p>
            <ul class="preview">${rendered.slice(0, SHOWN).map((text) => html`<li><bdi>${text.slice(0, LONGEST) || t("(no subject)")}</bdi>${text.length > LONGEST && html`<span class="problem"> ✂</span>`}</li>`)}</ul></div>`}
      </div>`;
  };
});
