// Words in the user's language. The English text is the key, so that code reads as the page does; other languages have a file.

import { signal } from "./ui.js";

/** Language of Salesforce to file of `../words/`; what is not here is English. Traditional Chinese is another script. */
const FILES = { sv: "sv", "zh-CN": "zh-CN", "zh-SG": "zh-CN", "zh-MY": "zh-CN" };

export const locale = signal("en");
const words = signal({});

/** Choose the language from what Salesforce says of the user ("sv", "zh_CN", "en_US"), or the browser of somebody unknown. */
export async function speak(language) {
  const tag = (language || "en").replace("_", "-");
  const file = FILES[tag] ?? FILES[tag.split("-")[0]];
  words.value = file ? (await import(`../words/${file}.js`)).default : {};
  locale.value = file || tag.startsWith("en") ? tag : "en";
  document.documentElement.lang = file ?? "en";
  document.title = `${t("Command Center")} · Reminder Sync`;
}

/** Say it: `{name}` in the text is replaced by the value. What the server says in words of its own is looked up, too. */
export function t(text, values = {}) {
  const said = words.value[text] ?? text;
  return said.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(shown(values[name])) : whole));
}

const shown = (value) => (typeof value === "number" ? number(value) : value);

/** A language of Salesforce ("zh_CN") by its name; one that nobody named stays as it is. */
export function languageName(language) {
  const tag = (language || "en").replace("_", "-");
  return new Intl.DisplayNames(locale.value, { type: "language" }).of(tag) ?? tag;
}

export const number = (value) => new Intl.NumberFormat(locale.value).format(value);

/** Say one of two texts by number: `many(3, "{n} reminder", "{n} reminders")`. */
export const many = (n, one, other) => t(n === 1 ? one : other, { n });
