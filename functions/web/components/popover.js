// A small surface beside the thing that it belongs to, in the browser's top layer: Escape and a click elsewhere close it.

import { component, html } from "../lib/ui.js";

/** `anchor` is the element it belongs to; `onClose` is called once it is closed, and focus goes back to where it was. */
export const Popover = component((self) => {
  let place = null;
  const before = document.activeElement;
  self.onMount(() => {
    place.showPopover();
    put(place, self.props.anchor);
    (place.querySelector("[autofocus]") ?? place.querySelector("button, input, select"))?.focus();
    return () => before?.isConnected && (place.contains(document.activeElement) || document.activeElement === document.body) && before.focus();
  });
  const toggled = (event) => event.newState === "closed" && self.props.onClose();
  const arrows = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.target.matches("input, select, textarea")) return;
    const items = [...place.querySelectorAll("button:not(:disabled), input, a")];
    event.preventDefault();
    items.at((items.indexOf(document.activeElement) + step) % items.length)?.focus();
  };
  return ({ label, children }) => html`
    <div class="popover" popover="auto" role="dialog" aria-label=${label} ref=${(element) => (place = element)} onToggle=${toggled} onKeyDown=${arrows}>
      ${children}
    </div>`;
});

function put(place, anchor) {
  const at = anchor?.getBoundingClientRect() ?? { left: innerWidth / 2, right: innerWidth / 2, top: innerHeight / 4, bottom: innerHeight / 4 };
  const { width, height } = place.getBoundingClientRect();
  const left = at.left + width > innerWidth - 8 ? at.right - width : at.left;
  const top = at.bottom + height + 4 > innerHeight - 8 ? at.top - height - 4 : at.bottom + 4;
  place.style.left = `${Math.max(8, left)}px`;
  place.style.top = `${Math.max(8, top)}px`;
}
