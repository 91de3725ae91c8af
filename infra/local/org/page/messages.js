// The delivery status of outbound messages, as Setup's page of that name shows it. It refreshes itself.
const REFRESH = 2000;
const SHOWN = 100;

async function control(body) {
  const answer = await fetch("/__control/webhook", {
    method: body ? "POST" : "GET",
    headers: { "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  return answer.json();
}

function fill(id, rows) {
  const lines = rows.map((cells) => {
    const line = document.createElement("tr");
    for (const text of cells) line.insertCell().textContent = text;
    return line;
  });
  document.getElementById(id).replaceChildren(...lines);
}

function show(status) {
  document.getElementById("url").textContent = status.enabled ? status.url : "nowhere: no address is set";
  fill("waiting", status.waiting.flatMap((each) => each.notifications.map(([key, task]) => [key, task, each.attempts, each.next])));
  const attempts = status.log.slice(-SHOWN).reverse();
  fill("log", attempts.map((each) => [new Date(each.at * 1000).toISOString(), each.notifications.join(" "), each.attempt, each.outcome]));
}

document.getElementById("retry").addEventListener("click", async () => show(await control({ retry_now: true })));
show(await control());
setInterval(async () => show(await control()), REFRESH);
