// Elements from values. Text is only ever set as text, so what people type can never become markup.

/** Make an element: `on…` are listeners, `true` is an attribute without value, null and false are left out. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Replace what an element holds, unless it looks the same already (so that focus and selection stay). */
export function fill(element, ...children) {
  const next = h("div", null, ...children);
  if (next.innerHTML === element.innerHTML && element.childNodes.length) return false;
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  element.replaceChildren(...next.childNodes);
  if (focused) element.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  return true;
}

/** Put these children into the element in this order, moving as few as possible. */
export function arrange(element, children) {
  const wanted = new Set(children);
  for (const child of [...element.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, index) => {
    if (element.children[index] !== child) element.insertBefore(child, element.children[index] ?? null);
  });
}

/** Tell people who do not see the page what happened. */
export function announce(text) {
  document.getElementById("live").textContent = text;
}
