// Renaming a reminder where its name stands in the list: Enter keeps it, Escape does not. A row that moves under one's hands goes on with
// what one types, and only whoever turns to something else is done.

import { component, html } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { change } from "../store/edits.js";
import { offerUndo } from "../store/undo.js";

/** `ui.renaming` holds `draft`: { id, text, seen, input } of what is being typed, over which reminder as one saw it, and into what. */
export const Rename = component((self) => {
  const { draft, ui } = self.props;
  let input = null;
  let elsewhere = false;
  self.onMount(() => {
    draft.input = input;
    input.value = draft.text ?? input.value;
    input.focus();
    if (draft.text === undefined) input.select();
    const pressed = (event) => (elsewhere = event.target !== input);
    document.addEventListener("pointerdown", pressed, true);
    return () => {
      document.removeEventListener("pointerdown", pressed, true);
      if (draft.input === input) draft.input = null;
      setTimeout(() => draft.input ?? end(true)); // it has left the list
    };
  });
  const end = (keep) => {
    if (ui.renaming.value !== draft) return;
    const { text, seen } = draft;
    const back = input && document.activeElement === input ? input.closest("[data-id]") : null;
    ui.renaming.value = null;
    requestAnimationFrame(() => back?.querySelector(".row-name")?.focus());
    const name = text?.trim();
    if (!keep || !name || name === seen.name) return;
    const { id, name: before, version } = seen;
    change(id, { name }, { ...self.props.item, name: before, version }).then((saved) => saved && offerUndo(t("Renamed: {name}", { name }), () => change(id, { name: before })));
  };
  const typed = () => {
    draft.seen ??= self.props.item;
    draft.text = input.value;
  };
  // A row that moves may lose the focus, in some browsers without a word (only newer ones have `moveBefore`).
  const stay = () => {
    const now = document.activeElement;
    if (!input || now === input) return; // it stands elsewhere now, or one looks at another window
    if (now === document.body && !elsewhere) input.focus();
    else end(true);
  };
  self.onDrawn(stay);
  const keys = (event) => {
    if (event.key === "Enter" && !event.isComposing) end(true);
    else if (event.key === "Escape") end(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return ({ item }) => html`
    <input class="slds-input row-rename" aria-label=${t("Name")} maxlength="255" defaultValue=${item.name} autocomplete="off"
      ref=${(element) => (input = element)} onInput=${typed} onKeyDown=${keys} onBlur=${() => setTimeout(stay)} />`;
});
