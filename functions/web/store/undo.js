// The last thing done can be taken back, by the button that is offered for a while or by one key.

import { announce, signal } from "../lib/ui.js";

const OFFERED = 10_000; // ms

export const offer = signal(null); // { text, back }

let timer = null;

/** Offer to take something back. `back()` does it. Gives the offer. */
export function offerUndo(text, back) {
  clearTimeout(timer);
  offer.value = { text, back };
  announce(text);
  timer = setTimeout(closeOffer, OFFERED);
  return offer.value;
}

/** Take an offer away, if it still stands: there is nothing to undo. */
export function withdraw(offered) {
  if (offer.value === offered) closeOffer();
}

export function closeOffer() {
  clearTimeout(timer);
  offer.value = null;
}

export function undo() {
  const last = offer.value;
  closeOffer();
  return last?.back();
}
