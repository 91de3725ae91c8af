// The list that is being looked at, in sections; rows are kept, so that an open editor never loses what was typed.

import { announce, arrange, fill, h } from "./dom.js";
import { editor } from "./editor.js";
import { longDate, tomorrow } from "./model.js";
import { row } from "./row.js";
import { create, reminders, state, today } from "./state.js";

const EMPTY = {
  home: "Nothing is due today or tomorrow.",
  overdue: "Nothing is overdue.",
  upcoming: "Nothing is due after tomorrow.",
  "no-date": "Every reminder has a date.",
  open: "Nothing is open.",
  completed: "Nothing was completed yet.",
  deleted: "Nothing was deleted in the last 15 days.",
};

/** Make the list; `update()` shows it as it is now. */
export function listOf() {
  const title = h("h1", { tabindex: "-1" });
  const quiet = h("p", { class: "quiet" });
  const button = h("button", { type: "button", class: "button strong", "aria-keyshortcuts": "n", onclick: () => compose() }, "New reminder");
  const fresh = h("div", { class: "new" });
  const toast = h("div", { class: "toast-place" });
  const sections = h("div", { class: "sections" });
  const rows = new Map();
  const element = h("div", null, h("div", { class: "title" }, h("div", null, title, quiet), button), fresh, sections, toast);

  function compose() {
    if (fresh.firstChild) return fresh.querySelector("input").focus();
    const key = crypto.randomUUID(); // one form is one reminder, however often it is sent
    const start = { name: "", assignee: state.me.id, type: "Custom", priority: "Normal", due: null, details: null, person: null };
    const close = () => {
      fresh.replaceChildren();
      button.focus();
    };
    const save = async (values) => {
      try {
        const made = await create({ name: "", ...values }, key);
        close();
        announce(`Created: ${made.name}`);
        return null;
      } catch (error) {
        return { text: error.message, field: error.field };
      }
    };
    const form = editor(start, { save, cancel: close, verb: "Create" });
    form.setAttribute("aria-label", "New reminder");
    form.querySelector("input[type=date]").value = today();
    fresh.replaceChildren(form);
    return form.querySelector("input").focus();
  }

  state.undo = (name, status, back) => {
    const text = `${status === "Complete" ? "Completed" : "Reopened"}: ${name}`;
    const close = () => toast.replaceChildren();
    const undo = () => {
      close();
      back();
    };
    toast.replaceChildren(h("div", { class: "toast" }, h("span", null, h("bdi", null, text)), h("button", { type: "button", class: "link", onclick: undo }, "Undo"), h("button", { type: "button", class: "link", "aria-label": "Close", onclick: close }, "×")));
    announce(text);
    clearTimeout(state.toasting);
    state.toasting = setTimeout(close, 8000);
  };

  function update() {
    title.textContent = state.list.name;
    quiet.textContent = longDate(today());
    const used = new Set();
    const shown = sectionsOf().map(({ name, items, late }) => {
      const list = h("ul", { class: "list", "aria-label": name });
      const kept = items.map((item) => {
        used.add(item.id);
        if (!rows.has(item.id)) rows.set(item.id, row(item.id));
        rows.get(item.id).update(item);
        return rows.get(item.id).element;
      });
      return { name, late, list, kept };
    });
    for (const id of [...rows.keys()]) if (!used.has(id)) rows.delete(id);
    show(shown);
  }

  /** Sections are made anew only when they differ; rows move into them as they are. */
  function show(shown) {
    const old = new Map([...sections.querySelectorAll("section")].map((item) => [item.dataset.name, item]));
    const next = shown.map(({ name, late, list, kept }) => {
      const section = old.get(name) ?? h("section", { "data-name": name }, h("h2", { class: late ? "late" : null }), list);
      fill(section.querySelector("h2"), name, h("span", { class: "count" }, String(kept.length)));
      arrange(section.querySelector("ul"), kept);
      return section;
    });
    if (next.length === 0) {
      const waiting = state.list.views.some((view) => reminders(view) === null);
      if (waiting && state.trouble) next.push(h("p", { class: "empty" }, "Your reminders cannot be shown now."));
      else next.push(waiting ? h("p", { class: "empty", "aria-busy": "true" }, "Loading…") : emptyOf());
    }
    if (next[0].tagName !== "P" || sections.textContent !== next[0].textContent) arrange(sections, next);
  }

  function emptyOf() {
    return h("p", { class: "empty" }, EMPTY[state.list.id]);
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, dialog");
    if (!typing && element.isConnected && event.key === "n" && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      compose();
    }
  });
  return { element, update, focus: () => title.focus() };
}

function sectionsOf() {
  const views = state.list.views.map((view) => [view, reminders(view) ?? []]);
  const sections = views.flatMap(([view, items]) => {
    if (view === "overdue") return [{ name: "Overdue", items, late: true }];
    if (view !== "today") return [{ name: state.list.name, items }];
    const next = tomorrow(today());
    return [
      { name: "Today", items: items.filter((item) => item.due !== next) },
      { name: "Tomorrow", items: items.filter((item) => item.due === next) },
    ];
  });
  return sections.filter(({ items }) => items.length > 0);
}
