// What can be chosen where a task is gone or no longer visible (I5).

import { html } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { choose } from "../store/edits.js";

export const GONE = "TASK_NOT_VISIBLE";

const CHOICES = [
  ["create again", "Create again"],
  ["keep, not synced", "Keep, not synced"],
  ["delete here", "Delete here"],
];

/** One button for each choice; `item` is the reminder where no list has it. */
export const GoneChoices = ({ item, look, onChosen = () => {} }) =>
  CHOICES.map(([choice, words]) => html`
    <button type="button" class=${look} aria-label=${`${t(words)}: ${item.name}`} onClick=${() => choose(item.id, choice, item).then(onChosen)}>${t(words)}</button>`);
