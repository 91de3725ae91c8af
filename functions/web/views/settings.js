// Settings: one's own sync, in the words of the product, and for administrators what holds for the whole org.

import { component, html } from "../lib/ui.js";
import { languageName, t } from "../lib/words.js";
import { me } from "../store/lists.js";
import { watch } from "../store/watch.js";
import { OrgSettings } from "./org_settings.js";
import { OwnSync } from "./own_sync.js";
import { PeopleData } from "./people_data.js";

export const Settings = component((self) => {
  self.onMount(() => void watch([]));
  return () => html`
    <main class="page" id="main" tabindex="-1">
      <h1>${t("Settings")}</h1>
      <${OwnSync} />
      <section class="card" aria-labelledby="you-title">
        <h2 id="you-title">${t("You")}</h2>
        <dl class="facts">
          <div><dt>${t("Name")}</dt><dd><bdi>${me.value.name}</bdi></dd></div>
          <div><dt>${t("User name")}</dt><dd><bdi>${me.value.username}</bdi></dd></div>
          <div><dt>${t("Time zone")}</dt><dd>${me.value.time_zone}</dd></div>
          <div><dt>${t("Language")}</dt><dd>${languageName(me.value.language)}</dd></div>
        </dl>
        <p class="quiet">${t("Time zone and language are those of your Salesforce user; change them there.")}</p>
      </section>
      ${me.value.admin && html`<${OrgSettings} />`}
      ${me.value.admin && html`<${PeopleData} />`}
    </main>`;
});
