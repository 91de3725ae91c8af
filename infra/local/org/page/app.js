// Tasks as a user of Salesforce sees them: the org's own REST API with that user's token. Only undelete, which REST cannot,
// and the list of who is here come from the control resource.

const API = "/services/data/v66.0";
const FIELDS =
  "Id, Subject, ActivityDate, Status, Priority, IsClosed, OwnerId, Owner.Name, WhoId, Who.Name, Description, TaskSubtype, " +
  "IsRecurrence, RecurrenceActivityId, IsDeleted, CreatedDate, CreatedBy.Name, LastModifiedDate, LastModifiedBy.Name";
const EDITED = ["Subject", "ActivityDate", "OwnerId", "Status", "Priority", "WhoId", "Description"];
const WHERE = { open: "IsClosed = false", closed: "IsClosed = true", bin: "IsDeleted = true" };
const REFRESH = 2000;
/** A record's address in Lightning, where links from elsewhere lead: a task is opened, of a person the tasks are listed. */
const [, kind, recordId] = /^\/lightning\/r\/(Task|Contact|Lead)\/(\w+)\/view$/.exec(location.pathname) ?? [];

const $ = (id) => document.getElementById(id);
const state = { stack: null, user: null, view: "open", task: null, shown: "" };

async function call(method, path, body) {
  const answer = await fetch(API + path, {
    method,
    headers: { Authorization: `Bearer ${state.user.access_token}`, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const document_ = answer.status === 204 ? null : await answer.json();
  if (answer.status === 401) await signIn(state.user.user_id);
  if (!answer.ok) throw new Error(document_.map((each) => `${each.errorCode}: ${each.message}`).join("; "));
  return document_;
}

const query = async (soql, all = false) =>
  (await call("GET", `/${all ? "queryAll" : "query"}?q=${encodeURIComponent(soql)}`)).records;

async function control(name, body) {
  const answer = await fetch(`/__control/${name}`, {
    method: body ? "POST" : "GET",
    headers: { "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const document_ = await answer.json();
  if (!answer.ok) throw new Error(document_.error ?? document_.map((each) => each.message).join("; "));
  return document_;
}

function say(text, bad = false) {
  $("message").textContent = text;
  $("message").classList.toggle("bad", bad);
}

const guarded = (action) => async (event) => {
  try {
    await action(event);
  } catch (error) {
    say(error.message, true);
  }
};

function element(tag, text = "", properties = {}) {
  const made = Object.assign(document.createElement(tag), properties);
  made.textContent = text ?? "";
  return made;
}

function options(select, pairs, chosen) {
  select.replaceChildren(...pairs.map(([value, label]) => element("option", label, { value, selected: value === chosen })));
}

async function signIn(userId) {
  state.stack = await control("page");
  const people = state.stack.users.filter((user) => user.role !== "integration");
  const sees = (user) => !kind || user.admin; // only administrators see every record
  state.user = people.find((user) => user.user_id === userId) ?? people.find(sees);
  options($("user"), people.map((user) => [user.user_id, `${user.name} (${user.role})`]), state.user.user_id);
}

async function show() {
  const text = $("search").value.trim().replace(/[\\'%_]/g, "\\$&");
  const found = (text && ` AND Subject LIKE '%${text}%'`) + (kind && kind !== "Task" ? ` AND WhoId = '${recordId}'` : "");
  const bin = state.view === "bin";
  const order = bin ? "LastModifiedDate DESC" : "ActivityDate ASC NULLS LAST, Id";
  const user = state.user;
  const tasks = await query(`SELECT ${FIELDS} FROM Task WHERE ${WHERE[state.view]}${found} ORDER BY ${order} LIMIT 500`, bin);
  const fresh = JSON.stringify([state.view, user.user_id, tasks]);
  if (fresh === state.shown || user !== state.user) return;
  state.shown = fresh;
  const today = new Date().toLocaleDateString("sv");
  $("rows").replaceChildren(...tasks.map((task) => row(task, today, bin)));
  $("empty").hidden = tasks.length > 0;
}

function row(task, today, bin) {
  const line = element("tr");
  const subject = element("td");
  const open = element("button", task.Subject ?? "(no subject)", { className: "link", type: "button", disabled: bin });
  open.addEventListener("click", () => edit(task));
  subject.append(open);
  if (task.TaskSubtype && task.TaskSubtype !== "Task") subject.append(element("span", task.TaskSubtype, { className: "tag" }));
  if (task.IsRecurrence) subject.append(element("span", "series", { className: "tag" }));
  if (task.RecurrenceActivityId) subject.append(element("span", "repeats", { className: "tag" }));
  const late = !task.IsClosed && task.ActivityDate && task.ActivityDate < today;
  line.append(
    subject,
    element("td", task.ActivityDate, { className: late ? "when late" : "when" }),
    element("td", task.Status),
    element("td", task.Priority),
    element("td", task.Who?.Name),
    element("td", task.Owner?.Name),
    element("td", `${new Date(task.LastModifiedDate).toLocaleTimeString("sv")} ${task.LastModifiedBy?.Name ?? ""}`),
  );
  const last = element("td");
  const button = element("button", bin ? "Undelete" : task.IsClosed ? "Reopen" : "Complete", { type: "button" });
  button.addEventListener("click", guarded(() => (bin ? undelete(task) : toggle(task))));
  last.append(button);
  line.append(last);
  return line;
}

async function toggle(task) {
  const statuses = await query("SELECT ApiName, IsClosed, IsDefault FROM TaskStatus ORDER BY SortOrder");
  const next = task.IsClosed ? statuses.find((each) => each.IsDefault) : statuses.find((each) => each.IsClosed);
  await call("PATCH", `/sobjects/Task/${task.Id}`, { Status: next.ApiName });
  say(`${next.ApiName}: ${task.Subject ?? "(no subject)"}`);
  await show();
}

async function undelete(task) {
  await control("undelete", { user_id: state.user.user_id, id: task.Id });
  say(`Restored: ${task.Subject ?? "(no subject)"}`);
  await show();
}

const edit = guarded(async (task) => {
  state.task = task;
  const [statuses, priorities, people, leads] = await Promise.all([
    query("SELECT ApiName FROM TaskStatus ORDER BY SortOrder"),
    query("SELECT ApiName FROM TaskPriority ORDER BY SortOrder"),
    query("SELECT Id, Name FROM Contact ORDER BY LastName LIMIT 200"),
    query("SELECT Id, Name, Company FROM Lead ORDER BY LastName LIMIT 200"),
  ]);
  const owners = [
    ...state.stack.users.filter((user) => user.role !== "integration").map((user) => [user.user_id, user.name]),
    ...state.stack.queues.map((queue) => [queue.id, `${queue.name} (queue)`]),
  ];
  const form = $("form").elements;
  const names = (records) => records.map((each) => [each.ApiName, each.ApiName]);
  const known = (pairs, value) => (value && !pairs.some(([each]) => each === value) ? [...pairs, [value, value]] : pairs);
  options(form.Status, known(names(statuses), task?.Status), task?.Status);
  options(form.Priority, known(names(priorities), task?.Priority), task?.Priority ?? "Normal");
  options(form.OwnerId, known(owners, task?.OwnerId), task?.OwnerId ?? state.user.user_id);
  options(
    form.WhoId,
    [
      ["", "(nobody)"],
      ...people.map((each) => [each.Id, each.Name]),
      ...leads.map((each) => [each.Id, `${each.Name}, ${each.Company} (lead)`]),
    ],
    task?.WhoId ?? "",
  );
  options(form.TaskSubtype, ["Task", "Call", "Email", "LinkedIn"].map((each) => [each, each]), task?.TaskSubtype ?? "Task");
  form.TaskSubtype.disabled = Boolean(task);
  form.Subject.value = task?.Subject ?? "";
  form.ActivityDate.value = task?.ActivityDate ?? "";
  form.Description.value = task?.Description ?? "";
  $("title").textContent = task ? "Edit task" : "New task";
  $("delete").hidden = !task;
  $("facts").textContent = task
    ? `${task.Id}\ncreated ${task.CreatedDate} by ${task.CreatedBy?.Name}\nmodified ${task.LastModifiedDate} by ${task.LastModifiedBy?.Name}`
    : "";
  $("dialog").showModal();
});

async function save() {
  const form = $("form").elements;
  const task = state.task;
  const values = Object.fromEntries(EDITED.map((name) => [name, form[name].value || null]));
  if (task) {
    const changed = Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== (task[name] ?? null)));
    if (Object.keys(changed).length) await call("PATCH", `/sobjects/Task/${task.Id}`, changed);
  } else {
    await call("POST", "/sobjects/Task", { ...values, TaskSubtype: form.TaskSubtype.value });
  }
  $("dialog").close();
  say(`Saved: ${values.Subject ?? "(no subject)"}`);
  await show();
}

async function remove() {
  await call("DELETE", `/sobjects/Task/${state.task.Id}`);
  $("dialog").close();
  say(`In the recycle bin: ${state.task.Subject ?? "(no subject)"}`);
  await show();
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  save().catch((error) => ($("facts").textContent = error.message));
});
$("cancel").addEventListener("click", () => $("dialog").close());
$("delete").addEventListener("click", () => remove().catch((error) => ($("facts").textContent = error.message)));
$("new").addEventListener("click", () => edit(null));
$("search").addEventListener("input", guarded(show));
$("user").addEventListener("change", guarded(async () => {
  await signIn($("user").value);
  await show();
}));
for (const button of document.querySelectorAll("nav [data-view]")) {
  button.addEventListener("click", guarded(async () => {
    state.view = button.dataset.view;
    for (const each of document.querySelectorAll("nav [data-view]")) each.ariaPressed = String(each === button);
    await show();
  }));
}

async function openRecord() {
  const fields = kind === "Task" ? FIELDS : "Name";
  const [record] = await query(`SELECT ${fields} FROM ${kind} WHERE Id = '${recordId}'`);
  if (!record) throw new Error(`There is no such record: ${recordId}`);
  if (kind === "Task") await edit(record);
  else say(`Tasks with ${record.Name}`);
}

await guarded(async () => {
  await signIn(new URLSearchParams(location.search).get("user"));
  $("new").disabled = false; // before that, what its form asks for would be refused
  await show();
  if (kind) await openRecord();
})();
setInterval(guarded(show), REFRESH);
