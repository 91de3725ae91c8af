// What the page knows about reminders: lists, labels, differences. No DOM, no network.

export const TYPES = ["Custom", "Call", "Email", "InMail"];
export const PRIORITIES = ["Normal", "High"];
export const SYNC_OFF = "Do not sync to Salesforce tasks";
export const SYNC_ON = "Sync with Salesforce tasks";

/** The lists: which views of the API each one shows. */
export const LISTS = [
  { id: "home", name: "Today and tomorrow", views: ["overdue", "today"] },
  { id: "overdue", name: "Overdue", views: ["overdue"] },
  { id: "upcoming", name: "Upcoming", views: ["upcoming"] },
  { id: "no-date", name: "No date", views: ["no-date"] },
  { id: "open", name: "All open", views: ["open"] },
  { id: "completed", name: "Completed", views: ["completed"] },
  { id: "deleted", name: "Recently deleted", views: ["deleted"] },
];

const FIELDS = {
  name: "Name",
  status: "Status",
  priority: "Priority",
  due: "Due",
  type: "Type",
  assignee: "Assignee",
  person: "Person",
  details: "Details",
};

/** Whether a reminder belongs into a view on that day; the same rule as the server's. */
export function belongs(reminder, view, today) {
  if (view === "deleted") return Boolean(reminder.deleted);
  if (reminder.deleted || reminder.sync_state === "handed over") return false;
  if (view === "completed") return reminder.status === "Complete";
  if (reminder.status === "Complete") return false;
  const { due } = reminder;
  switch (view) {
    case "today":
      return due !== null && due >= today && due <= tomorrow(today);
    case "overdue":
      return due !== null && due < today;
    case "upcoming":
      return due !== null && due > tomorrow(today);
    case "no-date":
      return due === null;
    default:
      return true;
  }
}

/** Order of a list: by due date, undated last; completed ones latest first. */
export function inOrder(view) {
  const sign = view === "completed" || view === "deleted" ? -1 : 1;
  const key = (item) => `${view === "deleted" ? item.deleted?.at : item.due ?? (sign > 0 ? "~" : "-")}#${item.id}`;
  return (one, other) => sign * (key(one) < key(other) ? -1 : 1);
}

/** What differs between two states of a reminder, in words. */
export function differences(before, after, names) {
  const shown = (field, value) => {
    if (value === null || value === undefined || value === "") return "empty";
    if (field === "due") return longDate(value);
    if (field === "assignee") return names.get(value) ?? value;
    return String(value).length > 60 ? `${String(value).slice(0, 60)}…` : String(value);
  };
  return Object.keys(FIELDS)
    .filter((field) => field in before && field in after && (before[field] ?? null) !== (after[field] ?? null))
    .map((field) => `${FIELDS[field]}: ${shown(field, before[field])} → ${shown(field, after[field])}`);
}

// A due date is a plain date: it is read as UTC and shown as UTC, so that no time zone can shift it.
const utc = (date) => new Date(`${date}T00:00:00Z`);

export function tomorrow(today) {
  const next = utc(today);
  next.setUTCDate(next.getUTCDate() + 1);
  return next.toISOString().slice(0, 10);
}

export function longDate(date) {
  return utc(date).toLocaleDateString(undefined, { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
}

export function dueWords(date, today) {
  if (date === null) return "No date";
  if (date === today) return "Today";
  if (date === tomorrow(today)) return "Tomorrow";
  const days = Math.round((utc(today) - utc(date)) / 86_400_000);
  if (days === 1) return "Yesterday";
  return days > 1 && days < 30 ? `${longDate(date)} · ${days} days late` : longDate(date);
}

export function ago(seconds) {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} days ago`;
}
