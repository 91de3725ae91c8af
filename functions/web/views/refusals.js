// What could not be saved, and why: the list shows again what is stored, and here stands what the person wanted.

import { Icon } from "../components/icon.js";
import { html, view } from "../lib/ui.js";
import { many, t } from "../lib/words.js";
import { differences } from "../store/differences.js";
import { dismiss, dismissAll, refusals } from "../store/edits.js";

const SHOWN = 5; // a whole selection can be refused at once

export const Refusals = view(() => {
  const all = [...refusals.value.values()];
  if (all.length === 0) return null;
  const left = all.length - SHOWN;
  return html`
    <div class="refusals" role="alert"><ul>
      ${all.slice(0, SHOWN).map((one) => html`<${Refusal} key=${one.id} one=${one} />`)}
      ${left > 0 && html`
        <li class="refusal"><${Icon} name="warning" /><div><p>${many(left, "{n} more was not saved.", "{n} more were not saved.")}</p>
          <div class="buttons"><button type="button" class="slds-button slds-button_neutral" onClick=${() => all.forEach((one) => one.again())}>${t("Try all again")}</button>
            <button type="button" class="slds-button slds-button_neutral" onClick=${dismissAll}>${t("Leave all")}</button></div></div></li>`}
    </ul></div>`;
});

const Refusal = ({ one }) => {
  const changes = one.current ? differences(one.before, one.current) : [];
  return html`
    <li class="refusal">
      <${Icon} name="warning" />
      <div>
        <p><strong>${t("Not saved: {name}", { name: one.name })}</strong> ${t(one.message)}</p>
        ${changes.length > 0 && html`<ul class="changes">${changes.map((text) => html`<li><bdi>${text}</bdi></li>`)}</ul>`}
        <div class="buttons">
          <button type="button" class="slds-button slds-button_neutral" onClick=${one.again}>${one.stale ? t("Do it anyway") : t("Try again")}</button>
          <button type="button" class="slds-button slds-button_neutral" onClick=${() => dismiss(one.id)}>${t("Leave it")}</button>
        </div>
      </div>
    </li>`;
};
