// The sync switch (in the words of the product), and how the sync is doing.

import { fill, h } from "./dom.js";
import { ago, SYNC_OFF, SYNC_ON } from "./model.js";
import { readSettings, saveSettings, state } from "./state.js";

const WINDOWS = [[24, "24 hours"], [72, "3 days"], [168, "7 days"], [720, "30 days"]];

/** Open the dialog of one's own sync settings. */
export async function openSettings() {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const progress = h("div", { class: "progress" });
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "settings-title" });
  const close = () => dialog.close();
  const hours = h("select", { id: "settings-hours" });
  const form = h("form", { novalidate: true }, h("h2", { id: "settings-title" }, "Your sync"), h("p", { class: "quiet" }, "Loading…"));
  dialog.append(form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  try {
    await readSettings();
  } catch (error) {
    form.lastChild.textContent = error.message;
    form.append(h("div", { class: "actions" }, h("button", { type: "button", class: "button", onclick: close }, "Close")));
    return;
  }
  const standard = state.settings.body.import_hours;
  const windows = WINDOWS.some(([item]) => item === standard) ? WINDOWS : [[standard, `${standard} hours`], ...WINDOWS];
  hours.append(...windows.map(([value, label]) => h("option", { value: String(value), selected: value === standard }, label)));
  const choice = (words, explained) => h(
    "label",
    { class: "choice" },
    h("input", { type: "radio", name: "sync", value: words, checked: state.settings.body.sync === words }),
    h("span", null, words, h("span", { class: "quiet" }, explained)),
  );
  form.replaceChildren(
    h("h2", { id: "settings-title" }, "Your sync"),
    h(
      "fieldset",
      null,
      h("legend", { class: "unseen" }, "Sync"),
      choice(SYNC_OFF, "Reminders stay here. Nothing moves in either direction, and nothing is lost."),
      choice(SYNC_ON, "New reminders go to Salesforce; your open tasks there come here."),
    ),
    h("div", { class: "field window" }, h("label", { for: "settings-hours" }, "First sync: import open tasks created or changed in the last"), hours),
    problem,
    progress,
    h("div", { class: "actions" }, h("button", { type: "submit", class: "button strong" }, "Save"), h("button", { type: "button", class: "button", onclick: close }, "Close")),
  );
  const show = () => {
    if (!dialog.isConnected) return;
    const wanted = form.elements.sync.value;
    form.querySelector(".window").hidden = !(wanted === SYNC_ON && state.settings.body.sync === SYNC_OFF);
    fill(progress, firstSync());
    requestAnimationFrame(() => setTimeout(show, 250));
  };
  show();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    const sync = form.elements.sync.value;
    const wanted = sync === SYNC_ON && state.settings.body.sync === SYNC_OFF ? { sync, import_hours: Number(hours.value) } : { sync };
    try {
      await saveSettings(wanted);
      if (sync === SYNC_OFF) close();
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
      // Saved by another tab, or by the sync itself: what is there now was not seen, so it is shown before it is changed.
      if (error.status === 412) await readSettings();
    }
  });
}

/** The progress of the first sync, while there is one to tell of. */
function firstSync() {
  const progress = state.status?.first_sync ?? state.settings?.body.first_sync;
  if (!progress || state.settings.body.sync === SYNC_OFF) return null;
  if (!progress.listed) return h("p", null, "First sync: asking Salesforce for your tasks…", h("progress", { "aria-label": "First sync" }));
  if (progress.finished) return h("p", null, `First sync finished: ${progress.found} ${progress.found === 1 ? "task" : "tasks"} looked at.`);
  return h("p", null, `First sync: ${progress.applied} of ${progress.found} tasks.`, h("progress", { max: String(progress.found), value: String(progress.applied), "aria-label": "First sync" }));
}

/** One line at the foot of the page: is sync on, what came and went last, what waits. */
export function statusLine() {
  const { status } = state;
  if (!status) return [];
  const words = { poll: "Looked for changes", pull: "Received", push: "Sent", sweep: "Compared" };
  const since = (at) => ago((Date.now() - Date.parse(at)) / 1000);
  const parts = Object.entries(words).filter(([name]) => status.successes[name]).map(([name, word]) => `${word} ${since(status.successes[name].at)}`);
  const calls = status.calls && `Org’s API calls today: ${status.calls.used.toLocaleString()} of ${status.calls.limit.toLocaleString()}`;
  return [
    h("span", { class: status.sync === SYNC_ON ? "on" : "off" }, status.sync === SYNC_ON ? "Sync is on" : "Sync is off"),
    ...parts.map((text) => h("span", null, text)),
    h("span", null, status.waiting === 1 ? "1 change waiting" : `${status.waiting} changes waiting`),
    calls && h("span", null, calls),
    status.first_sync && !status.first_sync.finished && firstSync(),
  ].filter(Boolean);
}
