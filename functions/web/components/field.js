// A field that is edited where it stands: saved when one leaves it or presses Enter, put back by Escape. What was typed stays
// beside the reason when the server refuses it.

import { component, html, signal } from "../lib/ui.js";
import { t } from "../lib/words.js";

const same = (one, other) => (one ?? "").replaceAll("\r\n", "\n").trim() === (other ?? "").replaceAll("\r\n", "\n").trim();

/**
 * `kind`: text, date, select (with `options` of [value, words]) or lines. `onSave(value, seen)` gives { saved } or { refusal }, which has
 * a `message`. `seen` is all that one has before one, taken as one begins to type: a value that changes elsewhere is shown at once,
 * unless something else is being typed, and then whoever types has not seen it.
 */
export const Field = component((self) => {
  const draft = signal(null); // what was typed and is not stored; null: nothing
  const problem = signal(null);
  let seen = null;
  let refused = null; // what was typed over something newer: it goes out again when one says so, not by leaving it
  const save = async () => {
    const { value, onSave } = self.props;
    const wanted = draft.value;
    if (wanted === null || same(wanted, value)) {
      draft.value = problem.value = null;
      return;
    }
    const { saved, refusal } = await onSave(wanted.trim() === "" ? null : wanted, seen);
    seen = saved ?? refusal.current ?? seen;
    refused = refusal?.stale ? wanted : null;
    problem.value = refusal?.message ?? null;
    if (saved && draft.value === wanted) draft.value = null;
  };
  const left = () => draft.value !== refused && save();
  const keys = (event) => {
    if (event.key === "Escape" && draft.value !== null) {
      event.stopPropagation();
      draft.value = problem.value = null;
    } else if (event.key === "Enter" && !event.isComposing && (self.props.kind !== "lines" || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      save();
    }
  };
  const typed = (event) => {
    if (draft.value === null) [seen, refused] = [self.props.seen, null];
    draft.value = event.target.value;
  };
  const chosen = (event) => {
    typed(event);
    save();
  };
  return ({ id, label, kind = "text", value, options, disabled, wide, max }) => {
    const now = draft.value ?? value ?? "";
    const shared = { id, disabled, "aria-invalid": problem.value ? "true" : null, "aria-describedby": problem.value ? `${id}-problem` : null, onKeyDown: keys };
    const control = {
      text: () => html`<input class="slds-input" type="text" autocomplete="off" maxlength=${max} value=${now} ...${shared} onInput=${typed} onBlur=${left} />`,
      date: () => html`<input class="slds-input" type="date" min="1700-01-01" max="4000-12-31" value=${now} ...${shared} onInput=${typed} onBlur=${left} />`,
      lines: () => html`<textarea class="slds-textarea" rows="5" value=${now} ...${shared} onInput=${typed} onBlur=${left}></textarea>`,
      select: () => html`<select class="slds-select" value=${now} ...${shared} onChange=${chosen}>${options.map(([one, words]) => html`<option value=${one} selected=${one === now}>${words}</option>`)}</select>`,
    }[kind]();
    return html`
      <div class=${`slds-form-element ${wide ? "wide" : ""} ${problem.value ? "slds-has-error" : ""}`}>
        <label class="slds-form-element__label" for=${id}>${label}</label>
        <div class="slds-form-element__control">${control}</div>
        ${problem.value && html`<p class="slds-form-element__help" id=${`${id}-problem`} role="alert">${t("Not saved.")} ${t(problem.value)}</p>`}
      </div>`;
  };
});
