// The pages beside the list of reminders: what the address after # names.

import { Diagnostics } from "./diagnostics.js";
import { Settings } from "./settings.js";
import { Status } from "./status.js";

export const PAGES = {
  status: { name: "Sync status", view: Status },
  diagnostics: { name: "Diagnostics", view: Diagnostics },
  settings: { name: "Settings", view: Settings },
};
