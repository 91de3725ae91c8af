// What can be done with all that is selected.

import { Icon, IconButton } from "../components/icon.js";
import { html, view } from "../lib/ui.js";
import { many, t } from "../lib/words.js";
import { restoreAll } from "../store/edits.js";
import { find, listHere, selected } from "../store/lists.js";
import { acted } from "../store/sections.js";
import { completeThem, deleteThem, prioritise } from "./list_keys.js";

export const Selection = view(({ ui }) => {
  const n = selected.value.size;
  if (n === 0) return null;
  const ids = acted();
  const button = (icon, words, act) => html`
    <button type="button" class="slds-button slds-button_neutral" onClick=${act}><${Icon} name=${icon} size="small" /> ${words}</button>`;
  const due = (event) => (ui.due.value = { ids, due: null, anchor: event.currentTarget });
  const back = () => {
    selected.value = new Set();
    return restoreAll(ids);
  };
  const gone = listHere().id === "deleted";
  const open = ids.some((id) => find(id)?.status === "Open");
  return html`
    <div class="selection" role="region" aria-label=${t("Selection")}>
      <strong>${many(n, "{n} selected", "{n} selected")}</strong>
      ${gone ? button("undelete", t("Restore"), back) : html`
        ${button("check", open ? t("Mark complete") : t("Reopen"), () => completeThem(ids))}
        ${button("event", t("Due…"), due)}
        ${button("priority", t("Priority"), () => prioritise(ids))}
        ${button("delete", t("Delete"), () => deleteThem(ids))}`}
      <${IconButton} name="close" label=${t("Select nothing")} keys="Esc" onClick=${() => (selected.value = new Set())} />
    </div>`;
});
