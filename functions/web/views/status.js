// How the sync is doing (C3): each direction's last success, what waits, the first sync, calls used, and "Sync now".

import { Icon } from "../components/icon.js";
import { call } from "../lib/api.js";
import { ago, moment } from "../lib/dates.js";
import { Refusal } from "../lib/http.js";
import { announce, component, html, signal, view } from "../lib/ui.js";
import { many, number, t } from "../lib/words.js";
import { me } from "../store/lists.js";
import { SYNC_ON } from "../store/settings.js";
import { status, watch } from "../store/watch.js";
import { Lag } from "./lag.js";
import { FirstSync } from "./own_sync.js";

const DIRECTIONS = [
  ["poll", "Looking for changes in Salesforce", "search"],
  ["pull", "Taking changes from Salesforce", "download"],
  ["push", "Sending changes to Salesforce", "upload"],
  ["sweep", "Comparing everything, nightly", "refresh"],
];

export const Status = component((self) => {
  const now = signal(Date.now());
  self.onMount(() => {
    watch([]);
    const timer = setInterval(() => (now.value = Date.now()), 1000);
    return () => clearInterval(timer);
  });
  return () => html`
    <main class="page" id="main" tabindex="-1">
      <div class="page-head"><h1>${t("Sync status")}</h1><${SyncNow} /></div>
      ${status.value ? html`<${Whole} found=${status.value} now=${now.value} />` : html`<p class="waiting" role="status">${t("Loading…")}</p>`}
    </main>`;
});

const Whole = view(({ found, now }) => html`
  <section class="card" aria-labelledby="directions-title">
    <h2 id="directions-title">${t("Last successes")}</h2>
    <ul class="tiles">
      ${DIRECTIONS.map(([id, name, icon]) => {
        const last = found.successes[id];
        return html`
          <li class="tile"><${Icon} name=${icon} size="large" /><p class="quiet">${t(name)}</p>
            <p class="big">${last ? html`<time datetime=${last.at} title=${moment(last.at, me.value.time_zone)}>${ago((now - Date.parse(last.at)) / 1000)}</time>` : t("not yet")}</p></li>`;
      })}
    </ul>
  </section>
  <${Lag} lags=${found.lags} now=${Math.floor(now / 60_000) * 60_000} />
  <section class="card" aria-labelledby="waiting-title">
    <h2 id="waiting-title">${t("What waits")}</h2>
    <p class="big">${found.waiting === 0 ? t("Nothing waits: both sides are in step.") : many(found.waiting, "{n} reminder waits to be sent", "{n} reminders wait to be sent")}</p>
    <p class="quiet">${found.sync === SYNC_ON ? t("Your sync is on.") : html`${t("Your sync is off.")} <a href="#/settings">${t("Turn it on in Settings.")}</a>`}</p>
    <${FirstSync} />
  </section>
  <section class="card" aria-labelledby="calls-title">
    <h2 id="calls-title">${t("API calls today")}</h2>
    ${found.calls
      ? html`<${Meter} name=${t("By Reminder Sync")} used=${found.calls.ours} limit=${found.calls.our_limit} what=${t("our share")} />
          <${Meter} name=${t("By the whole org")} used=${found.calls.used} limit=${found.calls.limit} what=${t("the org’s limit")} />
          <p class="quiet">${t("As Salesforce said at {when}.", { when: moment(found.calls.at, me.value.time_zone) })}</p>`
      : html`<p class="quiet">${t("Salesforce has not been asked anything yet.")}</p>`}
  </section>`);

const Meter = ({ name, used, limit, what }) => {
  const share = limit > 0 ? used / limit : 0;
  const words = t("{used} of {limit}, {what}", { used, limit, what });
  return html`
    <div class="meter">
      <span>${name}</span>
      <meter min="0" max="1" low="0.7" high="0.9" optimum="0" value=${Math.min(1, share)} aria-label=${name} aria-valuetext=${words}></meter>
      <span><strong>${number(used)}</strong> <span class="quiet">/ ${number(limit)} ${what}</span></span>
    </div>`;
};

const SyncNow = component(() => {
  const said = signal(null);
  const busy = signal(false);
  const ask = async () => {
    busy.value = true;
    try {
      await call("POST", "/api/sync");
      said.value = t("Asked for. What changed will be here within seconds.");
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      said.value = t(error.message);
    }
    announce(said.value);
    busy.value = false;
  };
  return () => html`
    <div class="buttons"><span class="quiet">${said.value}</span>
      <button type="button" class="slds-button slds-button_brand" disabled=${busy.value} onClick=${ask}><${Icon} name="sync" size="small" /> ${t("Sync now")}</button></div>`;
});
