// What holds for the whole org (S6), for administrators: every field with its limits and what it does, saved together.

import { call } from "../lib/api.js";
import { Refusal } from "../lib/http.js";
import { announce, component, html, signal } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { org, POLICY_WORDS, readOrg, saveOrg } from "../store/settings.js";
import { Mapping } from "./mapping.js";
import { Template } from "./template.js";

const POLICIES = [
  ["latest", "The reminder’s edit time against the task’s; a tie goes to Salesforce."],
  ["salesforce", "What stands in Salesforce is kept."],
  ["reminder", "What stands here is kept."],
];

export const OrgSettings = component((self) => {
  const draft = signal(null);
  const problem = signal(null);
  const saved = signal(false);
  const values = signal(null); // the org's picklist values
  const unread = signal(null); // why they cannot be read
  const attempt = async (work) => {
    try {
      await work();
      problem.value = null;
      draft.value = structuredClone(org.value.body);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.status === 412) await attempt(readOrg);
      problem.value = error;
    }
  };
  const readValues = async () => {
    try {
      values.value = (await call("GET", "/api/settings/values")).body;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      unread.value = error.message;
    }
  };
  self.onMount(() => void attempt(readOrg));
  self.onMount(() => void readValues());
  const set = (values) => {
    draft.value = { ...draft.value, ...values };
    saved.value = false;
  };
  const save = async (event) => {
    event.preventDefault();
    await attempt(() => saveOrg(draft.value));
    saved.value = problem.value === null;
    if (saved.value) announce(t("Saved."));
  };
  return () => {
    const now = draft.value;
    const field = problem.value?.field;
    const numeric = (name, label, more, help) => html`
      <div class=${`slds-form-element ${field === name ? "slds-has-error" : ""}`}>
        <label class="slds-form-element__label" for=${`org-${name}`}>${label}</label>
        <input class="slds-input" id=${`org-${name}`} type="number" required aria-describedby=${`org-${name}-help`} ...${more} />
        <p class="help quiet" id=${`org-${name}-help`}>${help}</p>
      </div>`;
    return html`
      <section class="card" aria-labelledby="org-title">
        <h2 id="org-title">${t("For the whole org")}</h2>
        <p class="quiet">${t("A change touches no task by itself: it takes effect on a task when that field next changes.")}</p>
        ${now && html`
          <form onSubmit=${save}>
            <${Template} value=${now.subject_template} invalid=${field === "subject_template"} onInput=${(value) => set({ subject_template: value })} />
            <fieldset class="choices">
              <legend><h3>${t("When both sides changed the same field")}</h3></legend>
              ${POLICIES.map(([value, explained]) => html`
                <label class="choice"><input type="radio" name="policy" value=${value} checked=${now.policy === value} onChange=${() => set({ policy: value })} />
                  <span><strong>${t(POLICY_WORDS[value])}</strong><br /><span class="quiet">${t(explained)}</span></span></label>`)}
            </fieldset>
            <div class="trio">
              ${numeric("poll_minutes", t("Poll every (minutes)"), { min: 2, max: 1440, value: now.poll_minutes, onInput: (event) => set({ poll_minutes: event.target.valueAsNumber }) }, t("2 to 1,440. Changes come within seconds where messages from Salesforce are set up."))}
              ${numeric("import_hours", t("First sync reaches back (hours)"), { min: 1, max: 720, value: now.import_hours, onInput: (event) => set({ import_hours: event.target.valueAsNumber }) }, t("1 to 720, unless the user chooses."))}
              ${numeric("api_share", t("Share of the org’s API calls (%)"), { min: 1, max: 80, value: Math.round(now.api_share * 100), onInput: (event) => set({ api_share: event.target.valueAsNumber / 100 }) }, t("1 to 80. We stop there, and when the whole org passes 80 %."))}
            </div>
            <${Mapping} title=${t("Status")} ours=${["Open", "Complete"]} value=${now.statuses} values=${values.value?.statuses ?? null} invalid=${field === "statuses"} onChange=${(value) => set({ statuses: value })} />
            <${Mapping} title=${t("Priority")} ours=${["Normal", "High"]} value=${now.priorities} values=${values.value?.priorities ?? null} invalid=${field === "priorities"} onChange=${(value) => set({ priorities: value })} />
            ${unread.value && html`<p class="quiet" role="status">${t("The org’s own values cannot be read now.")} ${t(unread.value)}</p>`}
            <div class="buttons">
              <button class="slds-button slds-button_brand">${t("Save for the org")}</button>
              ${saved.value && html`<span class="quiet" role="status">${t("Saved.")}</span>`}
            </div>
          </form>`}
        ${problem.value && html`<p class="problem" role="alert">${t(problem.value.message)}</p>`}
      </section>`;
  };
});
