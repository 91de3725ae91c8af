// The sync switch (S1), and how the first sync goes.

import { Refusal } from "../lib/http.js";
import { component, html, signal, view } from "../lib/ui.js";
import { many, t } from "../lib/words.js";
import { own, readOwn, saveOwn, SYNC_OFF, SYNC_ON } from "../store/settings.js";
import { look, status } from "../store/watch.js";
import { Preview } from "./preview.js";

export const OwnSync = component((self) => {
  const wanted = signal(null); // what is chosen and not saved
  const hours = signal(null);
  const problem = signal(null);
  const busy = signal(false);
  const attempt = async (work) => {
    busy.value = true;
    problem.value = null;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // Saved by another tab, or by the sync itself: what is there now is shown before it is changed.
      if (error.status === 412) {
        await attempt(readOwn);
        wanted.value = null;
      }
      problem.value = error.message;
    }
    busy.value = false;
  };
  self.onMount(() => void attempt(readOwn));
  const save = (event) => {
    event.preventDefault();
    const sync = wanted.value ?? own.value.body.sync;
    const first = sync === SYNC_ON && own.value.body.sync === SYNC_OFF;
    attempt(async () => {
      await saveOwn(first ? { sync, import_hours: hours.value ?? own.value.body.import_hours } : { sync });
      wanted.value = null;
      look();
    });
  };
  return () => {
    const now = own.value?.body;
    const chosen = wanted.value ?? now?.sync;
    return html`
      <section class="card" aria-labelledby="sync-title">
        <h2 id="sync-title">${t("Your sync")}</h2>
        ${!now && !problem.value && html`<p class="quiet" role="status">${t("Loading…")}</p>`}
        ${now && html`
          <form onSubmit=${save}>
            <fieldset class="choices">
              <legend class="slds-assistive-text">${t("Your sync")}</legend>
              ${choice(SYNC_OFF, t("Reminders stay here. Nothing moves in either direction, and nothing is lost."), chosen, wanted)}
              ${choice(SYNC_ON, t("New reminders go to Salesforce; your open tasks there come here."), chosen, wanted)}
            </fieldset>
            ${chosen === SYNC_ON && now.sync === SYNC_OFF && html`<${Preview} hours=${hours} standard=${now.import_hours} again=${Boolean(now.changed)} />`}
            <div class="buttons"><button class="slds-button slds-button_brand" disabled=${busy.value || chosen === now.sync}>${t("Save")}</button></div>
          </form>`}
        ${problem.value && html`<p class="problem" role="alert">${t(problem.value)}</p>`}
        <${FirstSync} />
      </section>`;
  };
});

const choice = (words, explained, chosen, wanted) => html`
  <label class="choice"><input type="radio" name="sync" value=${words} checked=${chosen === words} onChange=${() => (wanted.value = words)} />
    <span><strong>${t(words)}</strong><br /><span class="quiet">${explained}</span></span></label>`;

export const FirstSync = view(() => {
  const progress = status.value?.first_sync ?? own.value?.body.first_sync;
  if (!progress || own.value?.body.sync !== SYNC_ON) return null;
  const { listed, finished, found, applied } = progress;
  const words = finished
    ? many(found, "First sync finished: {n} task looked at.", "First sync finished: {n} tasks looked at.")
    : listed
      ? t("First sync: {applied} of {found} tasks.", { applied, found })
      : t("First sync: asking Salesforce for your tasks…");
  return html`
    <div class="progress" role="status">
      <p>${words}</p>
      ${!finished && html`<progress aria-label=${t("First sync")} max=${listed ? Math.max(1, found) : null} value=${listed ? applied : null}></progress>`}
    </div>`;
});
