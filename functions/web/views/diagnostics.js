// What needs a person (C4): deletes that are held, then problems by cause, each with what is happening and what to do.

import { GONE, GoneChoices } from "../components/gone.js";
import { Icon } from "../components/icon.js";
import { call } from "../lib/api.js";
import { ago, dueWords, moment } from "../lib/dates.js";
import { save } from "../lib/files.js";
import { Refusal } from "../lib/http.js";
import { announce, component, html, signal, view } from "../lib/ui.js";
import { many, t } from "../lib/words.js";
import { ignore, retry } from "../store/edits.js";
import { me, names, today } from "../store/lists.js";
import { problems, readProblems, trouble, watch } from "../store/watch.js";
import { Drift } from "./drift.js";
import { Held } from "./held.js";

const EVERY = 5_000; // ms between two looks while this page is open
const SHOWN = 50; // reminders of one cause that are listed; the file has all

const CATEGORIES = {
  authentication: ["ban", "Signing in to Salesforce"],
  "access/validation": ["warning", "Access or a rule of the org"],
  intermittent: ["clock", "Passing by itself"],
  other: ["info", "Other"],
};

export const Diagnostics = component((self) => {
  const read = () => readProblems().catch((error) => {
    if (!(error instanceof Refusal)) throw error;
    trouble.value = error;
  });
  self.onMount(() => {
    watch([]);
    read();
    const timer = setInterval(() => !document.hidden && read(), EVERY);
    return () => clearInterval(timer);
  });
  return () => html`
    <main class="page" id="main" tabindex="-1">
      <div class="page-head"><h1>${t("Diagnostics")}</h1><${Download} /></div>
      ${me.value.admin && html`<${Held} />`}
      <${Causes} onChanged=${read} />
      ${me.value.admin && html`<${Drift} />`}
    </main>`;
});

const Causes = view(({ onChanged }) => {
  const found = problems.value;
  if (!found) return html`<p class="waiting" role="status">${t("Loading…")}</p>`;
  if (found.causes.length === 0) return html`<div class="nothing"><${Icon} name="success" size="huge" /><h2>${t("No problems.")}</h2><p class="quiet">${t("What Salesforce refuses, and why, stands here until it is solved.")}</p></div>`;
  return html`
    ${found.causes.map((cause) => html`<${Cause} key=${cause.code} cause=${cause} onChanged=${onChanged} />`)}
    ${found.truncated && html`<p class="quiet">${t("There are more problems than are shown here.")}</p>`}`;
});

const Cause = component((self) => {
  const said = signal(null);
  const again = async () => {
    const { cause, onChanged } = self.props;
    try {
      const { retried } = (await call("POST", `/api/problems/${encodeURIComponent(cause.code)}/retry`)).body;
      said.value = cause.stops.length ? t("A sync was asked for.") : many(retried, "{n} reminder is tried again.", "{n} reminders are tried again.");
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      said.value = t(error.message);
    }
    announce(said.value);
    onChanged();
  };
  return ({ cause, onChanged }) => {
    const [icon, category] = CATEGORIES[cause.category];
    const age = ago((Date.now() - Date.parse(cause.since)) / 1000);
    return html`
      <section class=${`card cause ${cause.stops.length ? "is-stopping" : ""}`} aria-label=${`${t(cause.meaning)} ${cause.code}`}>
        <div class="cause-head">
          <${Icon} name=${icon} size="large" />
          <div><h2>${t(cause.meaning)}</h2><p class="quiet">${t(category)} · <time datetime=${cause.since} title=${moment(cause.since, me.value.time_zone)}>${t("began {age}", { age })}</time> · <code>${cause.code}</code></p></div>
          <button type="button" class="slds-button slds-button_neutral" onClick=${again}><${Icon} name="refresh" size="small" /> ${t("Retry")}</button>
        </div>
        ${cause.stops.length > 0 && html`<p class="problem"><strong>${t("This stops the sync of everybody.")}</strong></p>`}
        <p><strong>${t("What to do:")}</strong> ${t(cause.remedy)}</p>
        <p class="said"><span class="quiet">${t("Salesforce said:")}</span> <bdi>${cause.message}</bdi></p>
        ${said.value && html`<p class="quiet" role="status">${said.value}</p>`}
        ${cause.reminders.length > 0 && html`
          <details open=${cause.reminders.length <= 5}>
            <summary>${many(cause.count, "{n} reminder", "{n} reminders")}</summary>
            <ul class="concerned">${cause.reminders.slice(0, SHOWN).map((item) => html`<${Concerned} key=${item.id} item=${item} onChanged=${onChanged} />`)}</ul>
            ${cause.count > SHOWN && html`<p class="quiet">${t("The file has all of them.")}</p>`}
          </details>`}
      </section>`;
  };
});

const Concerned = view(({ item, onChanged }) => {
  const act = (what) => () => what(item.id, item).then(onChanged);
  return html`
    <li>
      <a href=${`#/open/${encodeURIComponent(item.id)}`}><bdi>${item.name}</bdi></a>
      <span class="quiet">${dueWords(item.due, today.value)}${item.assignee !== me.value.id && html` · <bdi>${names.value.get(item.assignee) ?? item.assignee}</bdi>`}</span>
      <span class="buttons">
        ${item.task_url && html`<a class="out" href=${item.task_url} target="_blank" rel="noopener noreferrer">${t("Task in Salesforce")} <${Icon} name="new_window" size="small" /></a>`}
        ${item.problem === GONE && GoneChoices({ item, look: "link", onChosen: onChanged })}
        <button type="button" class="link" aria-label=${t("Retry: {name}", { name: item.name })} onClick=${act(retry)}>${t("Retry")}</button>
        <button type="button" class="link" aria-label=${t("Ignore: {name}", { name: item.name })} onClick=${act(ignore)}>${t("Ignore")}</button>
      </span>
    </li>`;
});

const Download = component(() => {
  const problem = signal(null);
  const get = async () => {
    try {
      const { body } = await call("GET", "/api/problems.csv");
      save(`reminder-sync-problems-${today.value}.csv`, "text/csv", body);
      problem.value = null;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problem.value = error.message;
    }
  };
  return () => html`
    <div class="buttons">${problem.value && html`<span class="problem" role="alert">${t(problem.value)}</span>`}
      <button type="button" class="slds-button slds-button_neutral" onClick=${get}><${Icon} name="download" size="small" /> ${t("Download as CSV")}</button></div>`;
});
