// What has just been done, and the way back.

import { html, view } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { closeOffer, offer, undo } from "../store/undo.js";
import { Icon, IconButton } from "./icon.js";

export const Toast = view(() => {
  const { value } = offer;
  return html`
    <div class="toast-place">
      ${value && html`
        <div class="toast">
          <${Icon} name="success" /><span><bdi>${value.text}</bdi></span>
          <button type="button" class="slds-button toast-undo" onClick=${undo}><${Icon} name="undo" size="small" /> ${t("Undo")} <kbd>U</kbd></button>
          <${IconButton} name="close" label=${t("Close")} onClick=${closeOffer} />
        </div>`}
    </div>`;
});
