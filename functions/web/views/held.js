// Deletes that the mass-delete valve holds (M9): an administrator lets them through or takes them back.

import { Icon } from "../components/icon.js";
import { call } from "../lib/api.js";
import { ago } from "../lib/dates.js";
import { Refusal } from "../lib/http.js";
import { announce, component, html, signal } from "../lib/ui.js";
import { many, t } from "../lib/words.js";

const EVERY = 10_000; // ms
const SHOWN = 20;

export const Held = component((self) => {
  const groups = signal([]);
  const problem = signal(null);
  const sure = signal(null); // the group and verdict that are asked about once more
  const busy = signal(false);
  const attempt = async (work) => {
    try {
      await work();
      problem.value = null;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problem.value = error.message;
    }
  };
  const read = () => attempt(async () => (groups.value = (await call("GET", "/api/held-deletes")).body.groups));
  self.onMount(() => {
    read();
    const timer = setInterval(() => !document.hidden && read(), EVERY);
    return () => clearInterval(timer);
  });
  /** Decide on a whole group; one request takes 200, so it is asked until none is left or none went through. */
  const decide = async ({ group: { user, side }, verdict }) => {
    busy.value = true;
    sure.value = null;
    let done = 0;
    await attempt(async () => {
      for (let left = 1; left > 0; ) {
        const answer = (await call("POST", `/api/held-deletes/${verdict}`, { body: { group: { user, side } } })).body;
        const passed = answer.results.filter((one) => one.status < 300).length;
        done += passed;
        left = passed ? answer.left : 0;
        const refused = answer.results.find((one) => one.error);
        if (refused) throw new Refusal(refused.status, refused.error);
      }
    });
    announce(t(verdict === "confirm" ? "{n} confirmed" : "{n} rejected", { n: done }));
    busy.value = false;
    await read();
  };
  return () => html`
    ${problem.value && html`<p class="problem" role="alert">${t(problem.value)}</p>`}
    ${groups.value.map((group) => html`<${Group} key=${`${group.user} ${group.side}`} group=${group} sure=${sure} busy=${busy.value} decide=${decide} />`)}`;
});

const WORDS = {
  here: {
    confirm: "Their tasks in Salesforce are deleted, too; each is looked at once more first.",
    reject: "The reminders are restored here; the tasks stay.",
  },
  salesforce: {
    confirm: "The reminders are deleted here, too; each task is looked at once more first.",
    reject: "The reminders stay here, not synced.",
  },
};

const Group = component(() => ({ group, sure, busy, decide }) => {
  const here = group.side === "here";
  const asked = sure.value?.group === group ? sure.value.verdict : null;
  const ask = (verdict) => () => (sure.value = { group, verdict });
  const who = html`<bdi>${group.name}</bdi>`;
  return html`
    <section class="card cause is-stopping" aria-label=${t("Held deletes")}>
      <div class="cause-head">
        <${Icon} name="delete" size="large" />
        <div>
          <h2>${here ? many(group.count, "{n} delete made here is held", "{n} deletes made here are held") : many(group.count, "{n} delete made in Salesforce is held", "{n} deletes made in Salesforce are held")}</h2>
          <p class="quiet">${who} · ${t("began {age}", { age: ago((Date.now() - Date.parse(group.since)) / 1000) })}</p>
        </div>
      </div>
      <p>${t("So many deletes within an hour look like a mistake, so they wait for you.")}</p>
      <details><summary>${many(group.count, "{n} reminder", "{n} reminders")}</summary>
        <ul class="concerned">${group.reminders.slice(0, SHOWN).map((item) => html`<li><bdi>${item.name}</bdi></li>`)}</ul></details>
      ${asked
        ? html`<p role="alert"><strong>${t(WORDS[group.side][asked])}</strong></p>
            <div class="buttons"><button type="button" class="slds-button slds-button_brand" onClick=${() => decide({ group, verdict: asked })}>${asked === "confirm" ? t("Yes, delete") : t("Yes, keep")}</button>
              <button type="button" class="slds-button slds-button_neutral" onClick=${() => (sure.value = null)}>${t("Cancel")}</button></div>`
        : html`<div class="buttons"><button type="button" class="slds-button slds-button_neutral" disabled=${busy} onClick=${ask("confirm")}>${t("Confirm deletes")}</button>
            <button type="button" class="slds-button slds-button_neutral" disabled=${busy} onClick=${ask("reject")}>${t("Reject deletes")}</button></div>`}
    </section>`;
});
