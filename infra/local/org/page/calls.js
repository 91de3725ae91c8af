// The call log: how often each endpoint was asked, and the newest calls. It refreshes itself; its own look is not logged.
const REFRESH = 2000;
const { users } = await (await fetch("/__control/page")).json();
const names = new Map(users.map((user) => [user.user_id, user.name]));

function fill(id, rows) {
  const lines = rows.map((cells) => {
    const line = document.createElement("tr");
    for (const text of cells) line.insertCell().textContent = text;
    return line;
  });
  document.getElementById(id).replaceChildren(...lines);
}

async function show() {
  const log = await (await fetch("/__control/calls")).json();
  document.getElementById("used").textContent = `${log.used} of ${log.limit} calls used in the last 24 hours`;
  fill("counts", Object.entries(log.by_resource).sort(([, one], [, other]) => other - one));
  const at = (each) => new Date(each.at * 1000).toISOString();
  fill(
    "newest",
    log.newest.reverse().map((each) => [at(each), names.get(each.user_id) ?? "", each.resource, each.path, each.status, each.counted]),
  );
}

document.getElementById("clear").addEventListener("click", async () => {
  await fetch("/__control/calls", { method: "DELETE" });
  await show();
});
await show();
setInterval(show, REFRESH);
