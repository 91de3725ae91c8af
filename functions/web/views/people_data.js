// One person's data (C8), for administrators: taken out as a file, or erased. A large one takes many calls; the page makes them all.

import { Icon } from "../components/icon.js";
import { PersonField } from "../components/person.js";
import { call } from "../lib/api.js";
import { Refusal } from "../lib/http.js";
import { save } from "../lib/files.js";
import { announce, component, html, signal } from "../lib/ui.js";
import { many, t } from "../lib/words.js";
import { names, today } from "../store/lists.js";
import { look } from "../store/watch.js";
import { people } from "./composer.js";

const KINDS = {
  user: ["Of a user", "users", "Reminders, history and settings of this user are erased here for good. Nothing of it can be brought back."],
  person: ["Of a lead or contact", "people", "Reminders about this person are emptied here for good and no longer synced. Nothing of it can be brought back."],
};

const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

export const PeopleData = component(() => {
  const kind = signal("user");
  const chosen = signal(""); // id
  const said = signal(null); // how it goes, or went
  const problem = signal(null);
  const busy = signal(false);
  const sure = signal(false);
  const path = () => `/api/${KINDS[kind.value][1]}/${encodeURIComponent(chosen.value)}`;
  const attempt = (work) => async () => {
    busy.value = true;
    said.value = problem.value = null;
    try {
      said.value = await work();
      announce(said.value);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problem.value = error.message;
    }
    busy.value = false;
  };
  const takeOut = attempt(async () => {
    const pages = [];
    let n = 0;
    for (let cursor = null, first = true; first || cursor; first = false) {
      const page = (await call("GET", `${path()}/export${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`)).body;
      pages.push(page);
      cursor = page.next;
      n += page.reminders.length;
      said.value = t("Taking out… {n} so far", { n });
    }
    const { next: _, ...whole } = { ...pages[0], reminders: pages.flatMap(({ reminders }) => reminders) };
    save(`reminder-sync-${chosen.value}-${today.value}.json`, "application/json", JSON.stringify(whole, null, 2));
    return many(n, "Taken out: {n} reminder.", "Taken out: {n} reminders.");
  });
  const erase = attempt(async () => {
    sure.value = false;
    let n = 0;
    for (let answer = null; !answer?.done; ) {
      answer = (await call("POST", `${path()}/erase`)).body;
      n += answer.erased;
      said.value = t("Erasing… {n} so far", { n });
      if (!answer.done) await pause(answer.again_in ?? 1);
    }
    look();
    return many(n, "Erased: {n} reminder.", "Erased: {n} reminders.");
  });
  const choose = (id) => {
    chosen.value = id;
    said.value = problem.value = null;
  };
  return () => {
    const ready = chosen.value !== "" && !busy.value;
    return html`
      <section class="card" aria-labelledby="data-title">
        <h2 id="data-title">${t("Somebody's data")}</h2>
        <p class="quiet">${t("All that is stored here about somebody, as a file; or all of it erased. Tasks in Salesforce stay.")}</p>
        <div class="data-who">
          <fieldset class="switch"><legend class="slds-form-element__label">${t("Whose")}</legend>
            ${Object.entries(KINDS).map(([value, [words]]) => html`<label class="check"><input type="radio" name="data-kind" checked=${kind.value === value} disabled=${busy.value} onChange=${() => (choose(""), (kind.value = value))} /> ${t(words)}</label>`)}
          </fieldset>
          ${kind.value === "user"
            ? html`<div class="slds-form-element"><label class="slds-form-element__label" for="data-user">${t("Name")}</label>
                <select class="slds-select" id="data-user" disabled=${busy.value} onChange=${(event) => choose(event.target.value)}>
                  <option value="">${t("Choose whose")}</option>${people().map(([id, name]) => html`<option value=${id} selected=${id === chosen.value}>${name}</option>`)}</select></div>`
            : html`<${PersonField} id="data-person" chosen=${chosen.value || null} disabled=${busy.value} onChoose=${(one) => choose(one?.id ?? "")} />`}
        </div>
        <div class="buttons">
          <button type="button" class="slds-button slds-button_neutral" disabled=${!ready} onClick=${takeOut}><${Icon} name="download" size="small" /> ${t("Take the data out")}</button>
          <button type="button" class="slds-button slds-button_destructive" disabled=${!ready} onClick=${() => (sure.value = true)}><${Icon} name="delete" size="small" /> ${t("Erase…")}</button>
          <span class="quiet" role="status">${said.value}</span>
        </div>
        ${problem.value && html`<p class="problem" role="alert">${t(problem.value)}</p>`}
        ${sure.value && html`<${Sure} name=${names.value.get(chosen.value) ?? chosen.value} words=${KINDS[kind.value][2]} onErase=${erase} onClose=${() => (sure.value = false)} />`}
      </section>`;
  };
});

/** Asks once more; Escape, Cancel and a stray Enter do nothing. */
const Sure = component((self) => {
  let dialog = null;
  const before = document.activeElement;
  self.onMount(() => {
    dialog.showModal();
    dialog.querySelector("[data-cancel]").focus();
    return () => before?.focus();
  });
  return ({ name, words, onErase, onClose }) => html`
    <dialog class="dialog" aria-labelledby="sure-title" aria-describedby="sure-words" ref=${(element) => (dialog = element)} onClose=${onClose}>
      <h2 id="sure-title">${t("Erase everything of {name}?", { name })}</h2>
      <p id="sure-words">${t(words)}</p>
      <div class="buttons dialog-end">
        <button type="button" class="slds-button slds-button_neutral" data-cancel onClick=${() => dialog.close()}>${t("Cancel")}</button>
        <button type="button" class="slds-button slds-button_destructive" onClick=${onErase}>${t("Erase for good")}</button>
      </div>
    </dialog>`;
});
