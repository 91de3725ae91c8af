// The pages beside the list of reminders: what the address after # names.

import { Settings } from "./settings.js";

export const PAGES = {
  settings: { name: "Settings", view: Settings },
};
