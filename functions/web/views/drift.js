// What the nightly comparison found that a message or a poll should have brought (I5), for administrators.

import { Icon } from "../components/icon.js";
import { call } from "../lib/api.js";
import { moment } from "../lib/dates.js";
import { Refusal } from "../lib/http.js";
import { component, html, signal } from "../lib/ui.js";
import { many, t } from "../lib/words.js";
import { EVENTS, FIELDS } from "../store/differences.js";
import { me } from "../store/lists.js";

export const Drift = component((self) => {
  const found = signal(null);
  const problem = signal(null);
  self.onMount(() => {
    call("GET", "/api/sweep").then(
      ({ body }) => (found.value = body),
      (error) => {
        if (!(error instanceof Refusal)) throw error;
        problem.value = error.message;
      },
    );
  });
  return () => html`
    <section class="card" aria-labelledby="drift-title">
      <h2 id="drift-title">${t("What the nightly comparison found")}</h2>
      ${problem.value && html`<p class="problem" role="alert">${t(problem.value)}</p>`}
      ${!found.value && !problem.value && html`<p class="quiet" role="status">${t("Loading…")}</p>`}
      ${found.value && told(found.value)}
    </section>`;
});

const when = (at) => html`<time datetime=${at}>${moment(at, me.value.time_zone)}</time>`;

function told({ sweep, drifted, drifts, full_comparison: full }) {
  if (!sweep) return html`<p class="quiet">${t("Nothing was compared yet; it happens every night.")}</p>`;
  return html`
    <p>${when(sweep.at)} · ${many(sweep.looked_at, "{n} task looked at", "{n} tasks looked at")} · <strong>${drifted ? many(drifted, "{n} difference, repaired", "{n} differences, repaired") : t("No differences.")}</strong></p>
    ${full && html`<p class="quiet">${t("Last full comparison:")} ${when(full.at)} · <bdi>${full.why}</bdi></p>`}
    ${sweep.malformed > 0 && html`<p class="problem">${many(sweep.malformed, "{n} message in the dead-letter queue is none of ours.", "{n} messages in the dead-letter queue are none of ours.")}</p>`}
    ${drifts.length > 0 && html`
      <details open=${drifts.length <= 5}>
        <summary>${many(drifts.length, "{n} difference in the last 30 days", "{n} differences in the last 30 days")}</summary>
        <ul class="concerned">${drifts.map((one) => html`<${Line} one=${one} />`)}</ul>
      </details>`}`;
}

const Line = ({ one }) => html`
  <li>
    <a href=${`#/open/${encodeURIComponent(one.reminder_id)}`}><bdi>${one.name ?? one.reminder_id}</bdi></a>
    <span class="quiet">${one.what.map((word) => t(FIELDS[word] ?? EVENTS[word] ?? word)).join(", ")} · ${when(one.at)}</span>
    <span class="buttons"><a class="out" href=${one.task_url} target="_blank" rel="noopener noreferrer">${t("Task in Salesforce")} <${Icon} name="new_window" size="small" /></a></span>
  </li>`;
