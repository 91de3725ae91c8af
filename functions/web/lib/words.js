// Words in the user's language. The English text is the key, so that code reads as the page does; other languages have a file.

import { signal } from "./ui.js";

/** Language to file of `../words/`; what is not here is English. */
const FILES = {};

export const locale = signal("en");
let words = {};

/** Choose the language from what Salesforce says of the user ("sv", "zh_CN", "en_US"); what is not there is English. */
export async function speak(language) {
  const tag = (language || "en").replace("_", "-");
  const file = FILES[tag.split("-")[0]];
  words = file ? (await import(`../words/${file}.js`)).default : {};
  locale.value = file ? tag : tag.startsWith("en") ? tag : "en";
  document.documentElement.lang = file ?? "en";
}

/** Say it: `{name}` in the text is replaced by the value. A translation may be chosen by the number `n`. */
export function t(text, values = {}) {
  let said = words[text] ?? text;
  if (typeof said === "object") said = said[new Intl.PluralRules(locale.value).select(values.n)] ?? said.other;
  return said.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(shown(values[name])) : whole));
}

const shown = (value) => (typeof value === "number" ? number(value) : value);

export const number = (value) => new Intl.NumberFormat(locale.value).format(value);

/** Say one of two texts by number: `many(3, "{n} reminder", "{n} reminders")`. */
export const many = (n, one, other) => t(n === 1 ? one : other, { n });
