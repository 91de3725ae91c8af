// The sync state of a reminder: always a sign and words, never colour alone.

import { html } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { Icon } from "./icon.js";

const STATES = {
  synced: ["check", "Synced"],
  waiting: ["sync", "Waiting"],
  "not synced": ["offline", "Not synced"],
  "handed over": ["change_owner", "Handed over"],
  problem: ["error", "Problem"],
};

export const stateName = (state) => t(STATES[state][1]);

export const State = ({ reminder }) => {
  const [icon] = STATES[reminder.sync_state];
  const name = reminder.busy ? t("Saving…") : stateName(reminder.sync_state);
  return html`
    <span class=${`state is-${reminder.sync_state.replace(" ", "-")}`} title=${t(reminder.sync_reason ?? name)}>
      <${Icon} name=${reminder.busy ? "sync" : icon} size="small" /><span class="state-name">${name}</span>
    </span>`;
};
