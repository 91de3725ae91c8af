// The keys, and how to turn them off (WCAG 2.1.4: keys of one letter get in the way of dictation).

import { component, html, signal } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { KEYS, singleKeys } from "../lib/keys.js";
import { IconButton } from "./icon.js";

export const help = signal(false);

export const Help = component((self) => {
  let dialog = null;
  self.onMount(() => dialog.showModal());
  return ({ onClose }) => html`
    <dialog class="dialog" aria-labelledby="help-title" ref=${(element) => (dialog = element)} onClose=${onClose}>
      <div class="dialog-head"><h2 id="help-title">${t("Keys")}</h2><${IconButton} name="close" label=${t("Close")} onClick=${() => dialog.close()} /></div>
      <dl class="keys">${KEYS.map(([keys, words]) => html`<div><dt>${keys.split(" ").map((key) => html`<kbd>${key}</kbd>`)}</dt><dd>${t(words)}</dd></div>`)}</dl>
      <label class="check"><input type="checkbox" checked=${singleKeys.value} onChange=${(event) => (singleKeys.value = event.target.checked)} /> ${t("Use keys of one letter")}</label>
    </dialog>`;
});
