// Rows in sections. Only those in sight, and some around them, are in the document, so that thousands cost what dozens do.

import { component, effect, html, signal } from "../lib/ui.js";
import { cursor } from "../store/lists.js";
import { dropped, hovering } from "./drop_days.js";
import { t } from "../lib/words.js";

const AROUND = 12; // rows kept above and below what is in sight

export const Rows = component((self) => {
  let place = null;
  const sight = signal({ top: 0, height: innerHeight, row: 56, head: 44 });
  const measure = () => {
    if (!place) return;
    const style = getComputedStyle(place);
    const size = (name) => Number.parseFloat(style.getPropertyValue(name)) * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const next = { top: place.scrollTop, height: place.clientHeight, row: size("--row"), head: size("--head") };
    const now = sight.value;
    // Scrolling within the rows that are drawn already draws nothing.
    if (Math.abs(next.top - now.top) >= now.row * (AROUND / 3) || next.height !== now.height || next.row !== now.row) sight.value = next;
  };
  self.onMount(() => {
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(place);
    const stop = effect(() => follow(cursor.value));
    return () => (observer.disconnect(), stop());
  });
  // Keys can be quicker than frames: a row that the cursor has left by then must not take the focus, which would call the cursor back.
  const still = (id) => place && cursor.peek() === id;
  const follow = (id) => requestAnimationFrame(() => id && still(id) && reveal(id));
  /** Bring a row into sight, and the focus to it if it was in this list or nowhere. */
  const reveal = (id) => {
    const { sections, heads } = self.props;
    const { row, head } = sight.value;
    let top = 0;
    for (const { items } of sections) {
      const at = items.findIndex((item) => item.id === id);
      top += heads ? head : 0;
      if (at < 0) {
        top += items.length * row;
        continue;
      }
      top += at * row;
      if (top - head < place.scrollTop) place.scrollTop = top - head;
      else if (top + 2 * row > place.scrollTop + place.clientHeight) place.scrollTop = top + 2 * row - place.clientHeight;
      measure();
      const take = place.contains(document.activeElement) || document.activeElement === document.body;
      if (take) requestAnimationFrame(() => still(id) && place.querySelector(`[data-id="${CSS.escape(id)}"] .row-name`)?.focus({ preventScroll: true }));
      return;
    }
  };
  return ({ sections, draw, heads }) => {
    const { top, height, row, head } = sight.value;
    let from = 0;
    return html`
      <div class="rows" ref=${(element) => (place = element)} onScroll=${measure}>
        ${sections.map((section) => {
          const { items } = section;
          const start = from + (heads ? head : 0);
          from = start + items.length * row;
          const first = Math.min(Math.max(0, Math.floor((top - start) / row) - AROUND), items.length);
          const last = Math.min(items.length, Math.max(first, Math.ceil((top + height - start) / row) + AROUND));
          return html`
            <section key=${section.id} class=${`section ${section.late ? "is-late" : ""} ${section.due ? "has-day" : ""} ${hovering.value === section.id ? "is-target" : ""}`} aria-labelledby=${`section-${section.id}`} ...${dropped(section)}>
              <h2 id=${`section-${section.id}`} class=${heads ? "section-head" : "slds-assistive-text"}>
                ${section.name}<span class="count">${items.length}</span>${section.day && html`<span class="section-day">${section.day}</span>`}
              </h2>
              <ul aria-label=${section.name} style=${{ paddingTop: `${first * row}px`, paddingBottom: `${(items.length - last) * row}px` }}>
                ${items.slice(first, last).map((item, index) => draw(item, first + index + 1, items.length))}
              </ul>
            </section>`;
        })}
        <p class="slds-assistive-text">${t("End of the list")}</p>
      </div>`;
  };
});
