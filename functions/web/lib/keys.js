// Keys of the page: what each does is with the list; here is when they count.

import { effect, signal } from "./ui.js";

export const KEYS = [
  ["N", "New reminder"],
  ["/", "Search"],
  ["↑ ↓", "Move through the list (also J and K)"],
  ["Enter", "Open or close it"],
  ["C", "Complete or reopen"],
  ["E", "Rename in place"],
  ["D", "Choose another day"],
  ["T", "Due today"],
  ["M", "Due tomorrow"],
  ["P", "High or normal priority"],
  ["X", "Select"],
  ["Shift ↑ ↓", "Select several"],
  ["Ctrl A", "Select all"],
  ["Delete", "Delete"],
  ["U", "Undo (also Ctrl Z)"],
  ["Esc", "Close, or select nothing"],
  ["?", "This help"],
];

const KEPT = "command-center.single-keys";

/** Whether keys of one letter work; kept in this browser. */
export const singleKeys = signal(localStorage.getItem(KEPT) !== "off");
effect(() => (singleKeys.value ? localStorage.removeItem(KEPT) : localStorage.setItem(KEPT, "off")));

/** The name of what was pressed ("c", "Shift+ArrowDown", "Ctrl+z"), or null where the key belongs to something else. */
export function pressed(event) {
  const { target, key } = event;
  if (event.isComposing || event.altKey || target.closest?.("input:not([type=checkbox]), textarea, select, dialog, [popover]")) return null;
  if (event.ctrlKey || event.metaKey) return `Ctrl+${key.toLowerCase()}`;
  const single = key.length === 1;
  if (single && !singleKeys.value) return null;
  if (single) return key.toLowerCase();
  return event.shiftKey ? `Shift+${key}` : key;
}
