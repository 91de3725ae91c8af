// The page: sign-in, frame, and keeping what is shown in step with what is known.

import { fill, h } from "./dom.js";
import { listOf } from "./lists.js";
import { LISTS } from "./model.js";
import { localUsers, Refusal, remembered, signIn, signOut } from "./session.js";
import { openSettings, statusLine } from "./settings.js";
import { look, onChange, show, start, state, stop } from "./state.js";

const place = (id) => document.getElementById(id);
let list = null;

function update() {
  const { trouble } = state;
  fill(place("banner"), trouble && h("div", { class: "banner" }, h("p", null, `${words(trouble)} What you see may be old.`), h("button", { type: "button", class: "button", onclick: () => (trouble.status === 401 ? choose() : look()) }, trouble.status === 401 ? "Sign in again" : "Try now")));
  if (!state.me || !list) return;
  fill(place("account"), account());
  fill(place("views"), h("ul", null, LISTS.map(tab)));
  fill(place("status"), ...statusLine());
  list.update();
}

function words(trouble) {
  if (trouble.status === 401) return "Your session has ended.";
  return trouble.message;
}

function account() {
  return h(
    "div",
    { class: "account" },
    h("span", { class: "account-name" }, h("bdi", null, state.me.name), state.me.admin && h("span", { class: "badge" }, "Administrator")),
    h("button", { type: "button", class: "button", "data-focus": "settings", onclick: openSettings }, "Sync settings"),
    h("button", { type: "button", class: "button", "data-focus": "leave", onclick: leave }, "Switch user"),
  );
}

function tab(item) {
  const go = () => {
    show(item);
    list.focus();
  };
  return h("li", null, h("button", { type: "button", "data-focus": item.id, "aria-current": item === state.list ? "page" : null, onclick: go }, item.name));
}

async function open(user) {
  signIn(user);
  try {
    await start();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    signOut();
    choose(error.message);
    return;
  }
  list = listOf();
  place("main").replaceChildren(list.element);
  update();
}

function leave() {
  stop();
  signOut();
  choose();
}

/** Offer to sign in; `problem` says why it did not work before. */
async function choose(problem = null) {
  stop();
  for (const id of ["account", "views", "status", "banner"]) place(id).replaceChildren();
  const say = (...content) => place("main").replaceChildren(h("div", { class: "sign-in" }, ...content));
  let users;
  try {
    users = await localUsers();
  } catch (error) {
    say(h("h1", null, "Command Center"), h("p", null, error.message), h("button", { type: "button", class: "button strong", onclick: () => choose() }, "Try again"));
    return;
  }
  if (!users) {
    say(h("h1", null, "Sign-in is not set up yet"), h("p", null, "This Command Center cannot sign you in with Salesforce yet. Its JSON API is described at ", h("a", { href: "/openapi.json" }, "/openapi.json"), "."));
    return;
  }
  const back = problem ? null : remembered(users);
  if (back) {
    await open(back);
    return;
  }
  const option = (user) => h("li", null, h("button", { type: "button", onclick: () => open(user) }, h("strong", null, h("bdi", null, user.name)), h("span", { class: "quiet" }, user.username), user.admin && h("span", { class: "badge" }, "Administrator")));
  say(h("h1", null, "Who are you?"), problem && h("p", { class: "problem", role: "alert" }, problem), h("p", null, "This is a local stack; choose one of its users."), h("ul", { class: "people" }, users.map(option)));
}

let queued = false;
function queue() {
  if (queued) return;
  queued = true;
  queueMicrotask(() => {
    queued = false;
    update();
  });
}

onChange(queue);
choose();
