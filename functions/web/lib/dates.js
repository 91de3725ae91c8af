// Days as the user has them. A due date is a plain date: read as UTC and shown as UTC, so that no time zone can shift it (F4).

import { locale, many, t } from "./words.js";

const DAY = 86_400_000;
const utc = (date) => new Date(`${date}T00:00:00Z`);

export function plus(date, days) {
  return new Date(utc(date).getTime() + days * DAY).toISOString().slice(0, 10);
}

export const tomorrow = (today) => plus(today, 1);

export const daysBetween = (from, to) => Math.round((utc(to) - utc(from)) / DAY);

/** The next Monday after this day. */
export function nextMonday(date) {
  return plus(date, ((8 - utc(date).getUTCDay()) % 7) || 7);
}

const STYLES = {
  long: { weekday: "long", day: "numeric", month: "long" },
  short: { weekday: "short", day: "numeric", month: "short" },
  full: { weekday: "short", day: "numeric", month: "short", year: "numeric" },
  weekday: { weekday: "long" },
};

const made = new Map(); // "locale style" → format; making one costs more than using it a thousand times

function format(date, style) {
  const key = `${locale.value} ${style}`;
  if (!made.has(key)) made.set(key, new Intl.DateTimeFormat(locale.value, { ...STYLES[style], timeZone: "UTC" }));
  return made.get(key).format(utc(date));
}

export const longDate = (date) => format(date, "long");
export const shortDate = (date) => format(date, "short");
export const fullDate = (date) => format(date, "full");
export const weekday = (date) => format(date, "weekday");

/** A due date in the fewest words that cannot be misread on this day. */
export function dueWords(date, today) {
  if (date === null) return t("No date");
  const days = daysBetween(today, date);
  if (days === 0) return t("Today");
  if (days === 1) return t("Tomorrow");
  if (days === -1) return t("Yesterday");
  if (days < 0 && days > -30) return many(-days, "{n} day late", "{n} days late");
  return date.slice(0, 4) === today.slice(0, 4) ? shortDate(date) : fullDate(date);
}

/** A moment, in the user's own time zone. */
export const moment = (at, timeZone) =>
  new Intl.DateTimeFormat(locale.value, { dateStyle: "medium", timeStyle: "short", timeZone }).format(new Date(at));

/** How long something took, in the largest unit that fits: "12 seconds". */
export function took(seconds, unitDisplay = "long") {
  const [unit, size] = seconds < 60 ? ["second", 1] : seconds < 3600 ? ["minute", 60] : ["hour", 3600];
  return new Intl.NumberFormat(locale.value, { style: "unit", unit, unitDisplay, maximumFractionDigits: 0 }).format(seconds / size);
}

/** An age in the largest unit that fits: "12 seconds ago". */
export function ago(seconds) {
  const units = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, length]) => seconds >= length * (length > 60 ? 2 : 1)) ?? units[3];
  return new Intl.RelativeTimeFormat(locale.value, { numeric: "always" }).format(-Math.round(seconds / size), unit);
}
