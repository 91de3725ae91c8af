// What happened to a reminder and why, newest first (C2): event, rule, the three sides, the decision, and what it cost.

import { Icon } from "../components/icon.js";
import { moment } from "../lib/dates.js";
import { html, view } from "../lib/ui.js";
import { many, t } from "../lib/words.js";
import { EVENTS, FIELDS, shown } from "../store/differences.js";
import { takeBack } from "../store/edits.js";
import { me, names } from "../store/lists.js";
import { POLICY_WORDS } from "../store/settings.js";

export const History = view(({ id, lines, locked }) => html`
  <section class="history" aria-labelledby="history-title">
    <h3 id="history-title"><${Icon} name="clock" size="small" /> ${t("What happened, and why")}</h3>
    ${lines === null ? html`<p class="quiet">${t("Loading…")}</p>` : html`<ol>${[...lines].reverse().map((line) => html`<${Line} key=${line.number} id=${id} line=${line} locked=${locked} />`)}</ol>`}
  </section>`);

const LOSING = ["conflict", "replaced"]; // events whose line holds a value that stands nowhere any more

// It is drawn again when the names that it tells arrive after it.
const Line = view(({ id, line, locked }) => html`
  <li class=${`line ${line.side ? `is-${line.side}` : ""}`}>
    <p><bdi>${told(line)}</bdi></p>
    ${(line.here !== null || line.there !== null || line.before !== null) && html`
      <dl class="sides">
        ${side(t("Agreed before"), line, line.before)}${side(t("Here"), line, line.here)}${side(t("In Salesforce"), line, line.there)}
      </dl>`}
    ${(line.lost !== null || isLoss(line)) && html`
      <blockquote><span class="quiet">${t("Not kept:")}</span> <bdi>${line.field ? shown(line.field, line.lost) : line.lost}</bdi>
        ${isLoss(line) && !locked && html`<button type="button" class=${`slds-button slds-button_${line.offered ? "brand" : "neutral"}`} onClick=${() => takeBack(id, line.number)}><${Icon} name="undo" size="small" /> ${t("Use this one")}</button>`}
      </blockquote>`}
    <p class="quiet"><time datetime=${line.at}>${moment(line.at, me.value.time_zone)}</time> · ${t("Rule {rule}", { rule: line.rule })}${line.field && html` · ${t(FIELDS[line.field] ?? line.field)}`}${calls(line)}</p>
  </li>`);

/** What the names in a sentence stand for, as people read it; those that are not here are shown as they are. */
const SHOWN = {
  fields: (list) => list.split(", ").map(word).join(", "),
  what: (list) => list.split(", ").map(word).join(", "),
  field: (name) => word(name),
  owner: (id) => names.value.get(id) ?? id,
  policy: (name) => t(POLICY_WORDS[name] ?? name),
  then: (at) => moment(at, me.value.time_zone),
};

const word = (name) => t(FIELDS[name] ?? EVENTS[name] ?? name);

/** What happened, in the reader's language. */
const told = ({ said, values }) => t(said, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, SHOWN[name]?.(value) ?? value])));

const isLoss = (line) => LOSING.includes(line.event) && line.field !== null;

/** What one side held. A line of one field tells all sides, one of several fields only those that had a part in it. */
const side = (name, { field }, value) => {
  if (!field && value === null) return null;
  const held = field ? [value === null ? t("empty") : shown(field, value)] : several(value);
  return html`<div><dt>${name}</dt><dd>${held.map((one) => html`<p><bdi>${one}</bdi></p>`)}</dd></div>`;
};

const NAMES = Object.keys(FIELDS).join("|");
const VALUE = new RegExp(`(?:^|; )(${NAMES}): (.*?)(?=; (?:${NAMES}): |$)`, "gs");

/** Read the values of several fields, "due: 2026-11-22; details: (empty)", as people do. */
const several = (text) => [...text.matchAll(VALUE)].map(([, name, value]) => `${word(name)}: ${shown(name, value === "(empty)" ? null : value)}`);

function calls({ calls: n, shared }) {
  if (n === null) return "";
  const words = many(n, "{n} API call", "{n} API calls");
  return shared > 1 ? ` · ${words} ${t("shared by {n} reminders", { n: shared })}` : ` · ${words}`;
}
