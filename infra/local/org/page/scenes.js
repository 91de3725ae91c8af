// One form per scene: each posts to /__control/<name>. What is on comes from /__control/scenes.
const FIELDS = ["Subject", "Status", "Priority", "Description", "ActivityDate", "OwnerId", "WhoId", "WhatId", "Type", "CallDisposition"];
const REQUESTS = ["lost", "refused", "slow", "unavailable", "error", "gone", "limit", "session"];
const FAULTS = [...REQUESTS, "lock", "late", "double", "drop", "delay", "shuffle", "unheard"];
const text = (name, label, value = "") => ({ name, label, value });
const number = (name, label, value) => ({ name, label, value, type: "number" });
const flag = (name, label) => ({ name, label, type: "checkbox" });
const choice = (name, label, options) => ({ name, label, options });

const stack = await control("GET", "page");
const user = choice("user_id", "User", stack.users.map((each) => [each.user_id, each.name]));
const field = (name, label) => choice(name, label, FIELDS.map((each) => [each, each]));
const task = text("id", "Task id");

const SCENES = [
  ["validation", "Validation rule", [field("field", "Where"), text("contains", "contains"), text("message", "say", "Not today.")], true],
  ["automation", "Automation before saving", [field("field", "Where"), text("contains", "contains"), field("set", "set"), text("to", "to")], true],
  ["required", "Required field", [field("field", "Field")], true],
  ["picklists", "Restricted picklists", [flag("restricted", "Status and Priority take known values only")]],
  ["permission", "Field permission", [user, field("field", "Field"), flag("readable", "may read"), flag("editable", "may edit")]],
  ["lock", "Lock a record", [task]],
  ["unlock", "Unlock a record", [task]],
  ["storage", "Storage of the edition", [number("tasks", "Tasks (empty: any number)", "")]],
  ["limit", "API limit", [number("limit", "Calls in 24 hours", 100000)]],
  ["calls", "Other programs", [number("spend", "Calls they make now", 1000)]],
  [
    "faults",
    "Fault",
    [
      choice("kind", "Kind", FAULTS.map((each) => [each, each])),
      text("match", "Match (regular expression)"),
      number("times", "Times", 1),
      number("seconds", "Seconds", 0),
    ],
    true,
  ],
  ["clock", "Let time pass", [number("advance", "Seconds", 3600)]],
  ["archive", "Run the archiving job", []],
  ["purge", "Empty a task out of the bin", [task]],
  ["convert", "Convert a lead", [user, text("id", "Lead id")]],
  ["deactivate", "Deactivate a user", [user]],
  ["reactivate", "Activate a user again", [text("user_id", "User id")]],
  ["language", "Language of a user", [user, choice("language", "Language", ["en_US", "sv", "zh_CN"].map((each) => [each, each]))]],
  ["sessions", "End every session", []],
  ["signin", "Sign-in by password", [flag("passwords", "still works")]],
];

async function control(method, name, body) {
  const answer = await fetch(`/__control/${name}`, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const document_ = await answer.json();
  if (!answer.ok) throw new Error(document_.error ?? document_.map((each) => each.message).join("; "));
  return document_;
}

function say(words, bad = false) {
  const place = document.getElementById("message");
  place.textContent = words;
  place.classList.toggle("bad", bad);
}

function made(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function input(each) {
  if (each.options) return made("select", { name: each.name }, ...each.options.map(([value, label]) => new Option(label, value)));
  return made("input", { name: each.name, type: each.type ?? "text", value: each.value ?? "" });
}

function read(form, fields) {
  const value = (each) => {
    const given = form.elements[each.name];
    if (each.type === "checkbox") return given.checked;
    if (each.type === "number") return given.value === "" ? null : Number(given.value);
    return given.value;
  };
  return Object.fromEntries(fields.map((each) => [each.name, value(each)]));
}

async function act(title, method, name, body) {
  try {
    await control(method, name, body);
    say(`${title}: done`);
  } catch (error) {
    say(`${title}: ${error.message}`, true);
  }
  await show();
}

async function show() {
  const now = await control("GET", "scenes");
  const facts = Object.entries(now).map(([name, value]) => [name, JSON.stringify(value)]);
  const lines = facts.filter(([, value]) => value !== "[]").flatMap(([name, value]) => [made("dt", {}, name), made("dd", {}, value)]);
  document.getElementById("now").replaceChildren(...lines);
}

for (const [name, title, fields, lifted] of SCENES) {
  const form = made("form", { id: name }, made("h3", {}, title));
  for (const each of fields) form.append(made("label", {}, each.label, input(each)));
  form.append(made("button", { className: "primary" }, "Do it"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(title, "POST", name, read(form, fields));
  });
  if (lifted) {
    const lift = made("button", { type: "button" }, "Lift all");
    lift.addEventListener("click", () => act(title, "DELETE", name));
    form.append(lift);
  }
  document.getElementById("forms").append(form);
}
await show();
