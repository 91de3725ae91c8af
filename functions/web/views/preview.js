// The first sync before it is begun: how far back it reaches (S2), what it will bring, and what not and why (S4).

import { call } from "../lib/api.js";
import { dueWords } from "../lib/dates.js";
import { Refusal } from "../lib/http.js";
import { component, html, signal } from "../lib/ui.js";
import { many, t } from "../lib/words.js";
import { today } from "../store/lists.js";

const WINDOWS = [24, 72, 168, 336, 720]; // hours

const windowWords = (hours) => (hours > 24 && hours % 24 === 0 ? t("{n} days", { n: hours / 24 }) : t("{n} hours", { n: hours }));

/** `hours` is a signal of the window that is chosen, null for the org's `standard`; `again`: sync was on before. */
export const Preview = component((self) => {
  const found = signal(null);
  const problem = signal(null);
  let newest = 0;
  const ask = async () => {
    const mine = (newest += 1);
    const { hours, standard } = self.props;
    found.value = problem.value = null;
    try {
      const { body } = await call("GET", `/api/settings/preview?hours=${hours.value ?? standard}`);
      if (mine === newest) found.value = body;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (mine === newest) problem.value = error.message;
    }
  };
  self.onMount(() => void ask());
  const chosen = (event) => {
    self.props.hours.value = Number(event.target.value);
    ask();
  };
  return ({ hours, standard, again }) => {
    const windows = WINDOWS.includes(standard) ? WINDOWS : [standard, ...WINDOWS];
    return html`
      <div class="explain">
        <div class="slds-form-element window">
          <label class="slds-form-element__label" for="import-hours">${t("First sync: import open tasks created or changed in the last")}</label>
          <select class="slds-select" id="import-hours" onChange=${chosen}>
            ${windows.map((value) => html`<option value=${value} selected=${value === (hours.value ?? standard)}>${windowWords(value)}</option>`)}
          </select>
        </div>
        <div class="expected" role="status">${problem.value ? html`<p>${t("What it will bring cannot be shown now.")} ${t(problem.value)}</p>` : found.value ? expected(found.value) : html`<p class="quiet">${t("Asking Salesforce…")}</p>`}</div>
        <p><strong>${t("Stays here only:")}</strong> ${t("every reminder that exists already, until you choose “Sync this one”.")}</p>
        ${again && html`<p class="quiet">${t("Sync was on before: linked reminders and tasks are merged, and what was deleted in Salesforce meanwhile is deleted here.")}</p>`}
      </div>`;
  };
});

function expected({ count, tasks, not_imported: left, more }) {
  return html`
    <p><strong>${t("Comes here:")}</strong> ${count ? many(count, "{n} open task", "{n} open tasks") : t("no task of that time")}</p>
    ${count > 0 && html`<ul class="preview">${tasks.map((task) => html`<li key=${task.id}><bdi>${task.subject ?? t("(no subject)")}</bdi> <span class="quiet">${dueWords(task.due, today.value)}</span></li>`)}
      ${count > tasks.length && html`<li class="quiet">${t("and {n} more", { n: count - tasks.length })}</li>`}</ul>`}
    ${left.length > 0 && html`<p><strong>${t("Does not:")}</strong></p>
      <ul class="preview">${left.map(({ reason, count: n }) => html`<li key=${reason}>${many(n, "{n} task", "{n} tasks")}: ${t(reason)}</li>`)}</ul>`}
    ${more && html`<p class="quiet">${t("Only the newest 500 changes were looked at.")}</p>`}`;
}
