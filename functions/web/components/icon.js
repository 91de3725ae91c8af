// Icons of the design system. Each is one unmodified SVG file, used as a mask, so that it has the colour of the text beside it.

import { html } from "../lib/ui.js";

/** An icon says nothing to a screen reader; the words beside it do. */
export const Icon = ({ name, size = "" }) => html`<span class=${`icon icon-${name} ${size}`} aria-hidden="true"></span>`;

/** A button that shows an icon only; `label` is its name. */
export const IconButton = ({ name, label, onClick, keys, ...rest }) => html`
  <button type="button" class="slds-button icon-button" aria-label=${label} title=${keys ? `${label} (${keys})` : label} onClick=${onClick} ...${rest}>
    <${Icon} name=${name} />
  </button>`;
