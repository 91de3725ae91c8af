// What differs between two states of a reminder, in words.

import { fullDate } from "../lib/dates.js";
import { t } from "../lib/words.js";
import { names } from "./lists.js";

export const FIELDS = {
  name: "Name",
  status: "Status",
  priority: "Priority",
  due: "Due",
  type: "Type",
  assignee: "Assignee",
  person: "Person",
  details: "Details",
  campaign_name: "Campaign",
  campaign_day: "Campaign day",
  campaign_step: "Campaign step",
  call_outcome: "Call outcome",
  call_reason: "Call reason",
};

/** What can have happened to a reminder in Salesforce. */
export const EVENTS = {
  imported: "Imported",
  deleted: "Deleted",
  restored: "Restored",
  "handed over": "Handed over",
  "came back": "Came back",
};

const LONGEST = 60;

/** Whether a field still has the value that was seen; what only one of them tells of is not known to differ. */
export const sameIn = (seen, now, field) => !(field in seen && field in now) || (seen[field] ?? null) === (now[field] ?? null);

/**
 * Whether a reminder still shows what somebody has seen of it: then what was written meanwhile are the sync's own notes (sent, agreed).
 * `fields` are about to be set, so they must have been seen; of a list's one only the excerpt of its details was.
 */
export function showsSame(seen, now, fields) {
  const same = (field) => sameIn(seen, now, field);
  return Boolean(now) && fields.every((field) => field in seen && field in now) && Boolean(seen.deleted) === Boolean(now.deleted) && [...Object.keys(FIELDS), "excerpt"].every(same);
}

/** One line for each field in which they differ: "Due: Mon 23 Nov → Tue 24 Nov". */
export function differences(before, after) {
  return Object.keys(FIELDS)
    .filter((field) => field in before && field in after && (before[field] ?? null) !== (after[field] ?? null))
    .map((field) => `${t(FIELDS[field])}: ${shown(field, before[field])} → ${shown(field, after[field])}`);
}

/** A value as people read it. */
export function shown(field, value) {
  if (value === null || value === undefined || value === "") return t("empty");
  if (field === "due") return fullDate(value);
  if (field === "assignee" || field === "person") return names.value.get(value) ?? value;
  if (field === "status" || field === "priority") return t(value);
  return value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value;
}
