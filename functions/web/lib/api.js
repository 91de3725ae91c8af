// Calls of the JSON API in the name of whoever is signed in.

import { Refusal, send } from "./http.js";
import { renew, token } from "./session.js";

/**
 * Call the API. Gives { status, body, etag }; a 304 has no body. Throws Refusal.
 * `version` becomes If-Match, `etag` If-None-Match, `key` Idempotency-Key.
 */
export async function call(method, path, { body, version, etag, key } = {}) {
  const asked = async () => {
    const headers = { Authorization: `Bearer ${await token()}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (version !== undefined) headers["If-Match"] = typeof version === "number" ? `"${version}"` : version;
    if (etag) headers["If-None-Match"] = etag;
    if (key) headers["Idempotency-Key"] = key;
    return send(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  };
  let response = await asked();
  if (response.status === 401) {
    await renew();
    response = await asked();
  }
  if (response.status === 304) return { status: 304, etag };
  if (!response.ok) {
    const answer = await response.json().catch(() => null);
    throw new Refusal(response.status, answer?.error, answer?.current);
  }
  const text = response.headers.get("Content-Type")?.startsWith("application/json") ? null : await response.text();
  return { status: response.status, body: text ?? (await response.json()), etag: response.headers.get("ETag") };
}

export const reminderPath = (id, what = "") => `/api/reminders/${encodeURIComponent(id)}${what}`;
