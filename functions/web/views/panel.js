// The reminder that is open, beside the list: every field, edited where it stands, the sync state with its reason, the history.

import { Field } from "../components/field.js";
import { GONE, GoneChoices } from "../components/gone.js";
import { Icon, IconButton } from "../components/icon.js";
import { PersonField } from "../components/person.js";
import { State } from "../components/state.js";
import { call, reminderPath } from "../lib/api.js";
import { moment } from "../lib/dates.js";
import { Refusal } from "../lib/http.js";
import { go, route } from "../lib/routes.js";
import { component, effect, html, signal, untracked } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { change, dismiss, ignore, refusals, restore, retry, syncThis } from "../store/edits.js";
import { find, me, names, stamp } from "../store/lists.js";
import { learn } from "../store/people.js";
import { missing, watchOpen } from "../store/watch.js";
import { people } from "./composer.js";
import { History } from "./history.js";
import { completeThem, deleteThem } from "./list_keys.js";
import { TYPES } from "./row.js";

export const Panel = component((self) => {
  const read = signal(null); // the reminder, whole, as last read
  const lines = signal(null);
  const failed = signal(null);
  const load = async () => {
    try {
      const { id } = self.props;
      const [one, past] = await Promise.all([call("GET", reminderPath(id)), call("GET", reminderPath(id, "/history"))]);
      read.value = one.body;
      lines.value = past.body.lines;
      failed.value = null;
      await learn([one.body.person, one.body.assignee, ...past.body.lines.map(({ values }) => values.owner)]);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      failed.value = error;
      if (error.status === 404) read.value = null;
    }
  };
  self.onMount(() => {
    document.querySelector(".panel")?.focus({ preventScroll: true });
    const stop = watchOpen(self.props.id);
    let seen = null;
    // It is watched; when its version moves on, what only the whole reminder has is read again.
    const end = effect(() => {
      const { id } = self.props;
      const now = find(id);
      const found = missing.value === id ? "missing" : now && !now.busy ? stamp(now) : seen;
      if (seen === found && seen !== null) return;
      seen = found;
      untracked(load);
    });
    return () => (stop(), end());
  });
  return ({ id }) => {
    const listed = find(id);
    const whole = read.value;
    if (!whole) return html`<aside class="panel" tabindex="-1" aria-label=${t("Reminder")}><${Close} />${failed.value ? html`<p class="problem" role="alert">${t(failed.value.message)}</p>` : html`<p class="waiting" role="status">${t("Loading…")}</p>`}</aside>`;
    const item = listed ? { ...whole, ...listed, details: "details" in listed ? listed.details : whole.details } : whole;
    const locked = Boolean(item.deleted) || item.sync_state === "handed over";
    return html`
      <aside class="panel" tabindex="-1" aria-labelledby="panel-title">
        <div class="panel-head">
          <${Icon} name=${TYPES[item.type][0]} size="large" />
          <h2 id="panel-title"><bdi>${item.name}</bdi></h2>
          <${Close} />
        </div>
        <${SyncBox} item=${item} />
        <div class="buttons">${whatCanBeDone(item, locked)}</div>
        <${Fields} item=${item} seenIn=${(name) => (listed && name in listed ? listed : whole).version} locked=${locked} />
        <${History} id=${id} lines=${lines.value} locked=${locked} />
      </aside>`;
  };
});

const Close = () => html`<${IconButton} name="close" label=${t("Close")} keys="Esc" onClick=${() => go(route.value.page)} />`;

/** The sync state, why it is so, and what can be done about it. */
const SyncBox = ({ item }) => html`
  <div class=${`sync-box is-${item.sync_state.replace(" ", "-")}`}>
    <${State} reminder=${item} />
    ${item.problem && item.meaning
      ? html`<p>${t(item.meaning)}</p><p>${t("What to do:")} ${t(item.remedy)}</p><p class="quiet">${t("Salesforce said:")} <bdi>${item.sync_reason}</bdi></p>`
      : item.sync_reason && html`<p>${t(item.sync_reason)}</p>`}
    <div class="buttons">
      ${item.sync_state === "not synced" && !item.deleted && html`<button type="button" class="slds-button slds-button_neutral" onClick=${() => syncThis(item.id)}>${t("Sync this one")}</button>`}
      ${item.problem === GONE && GoneChoices({ item, look: "slds-button slds-button_neutral" })}
      ${item.sync_state === "problem" && item.problem !== GONE && html`
        <button type="button" class="slds-button slds-button_neutral" onClick=${() => retry(item.id)}>${t("Retry")}</button>
        <button type="button" class="slds-button slds-button_neutral" onClick=${() => ignore(item.id)}>${t("Ignore")}</button>`}
      ${item.task_url && html`<a class="out" href=${item.task_url} target="_blank" rel="noopener noreferrer">${t("Task in Salesforce")} <${Icon} name="new_window" size="small" /></a>`}
      ${item.person_url && html`<a class="out" href=${item.person_url} target="_blank" rel="noopener noreferrer">${t("Person in Salesforce")} <${Icon} name="new_window" size="small" /></a>`}
    </div>
  </div>`;

function whatCanBeDone(item, locked) {
  const { id } = item;
  const button = (icon, words, act, look = "neutral") => html`
    <button type="button" class=${`slds-button slds-button_${look}`} onClick=${act}><${Icon} name=${icon} size="small" /> ${words}</button>`;
  if (item.deleted) return button("undelete", t("Restore"), () => restore(id), "brand");
  if (locked) return null;
  const done = item.status === "Complete";
  return [done ? button("undo", t("Reopen"), () => completeThem([id])) : button("check", t("Mark complete"), () => completeThem([id]), "brand"), button("delete", t("Delete"), () => deleteThem([id]))];
}

/** `seenIn` tells the version that showed a field: of details a list has only the beginning, so they may be older. */
const Fields = ({ item, seenIn, locked }) => {
  const seenOf = (field) => ({ ...item, version: seenIn(field) });
  /** Save one field, of which `seen` was seen; a refusal is told beside it, so the list need not tell it again. */
  const save = (field) => async (value, seen) => {
    const saved = await change(item.id, { [field]: value ?? (field === "name" ? "" : null) }, { ...item, [field]: seen[field], version: seen.version });
    if (saved) return { saved };
    const refusal = refusals.value.get(item.id);
    if (refusal && !refusal.stale) dismiss(item.id);
    return { refusal: refusal ?? { message: "The server does not answer." } };
  };
  const field = (name, label, more = {}) => html`
    <${Field} key=${name} id=${`panel-${name}`} label=${label} value=${item[name]} seen=${seenOf(name)} disabled=${locked} onSave=${save(name)} ...${more} />`;
  const users = people();
  if (!users.some(([id]) => id === item.assignee)) users.push([item.assignee, names.value.get(item.assignee) ?? item.assignee]);
  return html`
    <div class="fields">
      ${field("name", t("Name"), { wide: true, max: 255 })}
      ${field("due", t("Due"), { kind: "date" })}
      ${field("priority", t("Priority"), { kind: "select", options: [["Normal", t("Normal")], ["High", t("High")]] })}
      ${field("type", t("Type"), { kind: "select", options: Object.entries(TYPES).map(([value, [, words]]) => [value, t(words)]) })}
      ${field("assignee", t("Assignee"), { kind: "select", options: users })}
      <${PersonField} id="panel-person" chosen=${item.person} disabled=${locked} onChoose=${(one) => save("person")(one?.id ?? null, seenOf("person"))} />
      ${field("details", t("Details"), { kind: "lines", wide: true })}
      <details class="wide more" open=${Boolean(item.campaign_name || item.call_outcome)}>
        <summary>${t("Campaign and call")}</summary>
        <div class="fields">
          ${field("campaign_name", t("Campaign"), { wide: true })}
          ${field("campaign_day", t("Campaign day"))}
          ${field("campaign_step", t("Campaign step"))}
          ${field("call_outcome", t("Call outcome"))}
          ${field("call_reason", t("Call reason"))}
        </div>
      </details>
      <p class="quiet wide">${t("Created {when}", { when: moment(item.created, me.value.time_zone) })}</p>
    </div>`;
};
