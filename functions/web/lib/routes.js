// Where one is on the page, kept in the address after the #, so that links, "back" and a reload lead there again.

import { signal } from "./ui.js";

export const route = signal(read());

function read() {
  const [page = "today", id = null] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  return { page: page || "today", id };
}

/** Go there. `id` is the reminder to open. */
export function go(page, id = null) {
  const hash = `#/${encodeURIComponent(page)}${id ? `/${encodeURIComponent(id)}` : ""}`;
  if (location.hash === hash) return;
  location.hash = hash;
  route.value = { page, id };
}

addEventListener("hashchange", () => {
  const now = read();
  if (now.page !== route.value.page || now.id !== route.value.id) route.value = now;
});
