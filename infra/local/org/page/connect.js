// How to point a client at this org: the page's words are in connect.html, the facts come from the control resource.
const facts = await (await fetch("/__control/connection")).json();
const put = (id, text) => (document.getElementById(id).textContent = text);

if (facts.proxy) {
  const variables = ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"];
  const languages = ["Python with requests", "OpenSSL: Ruby, Go, Rust, Python with httpx", "Node"];
  const lines = variables.map((name, at) => `export ${name}=${facts.ca_file}   # ${languages[at]}`);
  put("proxy", [`export HTTPS_PROXY=${facts.proxy}`, ...lines].join("\n"));
}
put("address", facts.address);
put("key", facts.private_key);
put("scene", `curl ${facts.address}/__control/faults --json '{"kind": "lost", "match": "POST .*/sobjects/Task"}'`);
put(
  "passwords",
  facts.password_sign_in
    ? "SOAP login() (up to version 64) and the username-password flow work here. Salesforce switches them off in new orgs and retires login() in summer 2027; --no-passwords does so here."
    : "SOAP login() and the username-password flow are retired here (--no-passwords).",
);
const shown = {
  "My Domain": facts.my_domain,
  "User name": facts.username,
  Password: facts.password,
  "Security token": facts.security_token,
  "Consumer key": facts.consumer_key,
  "Consumer secret": facts.consumer_secret,
  "Refresh token": facts.refresh_token,
  "Organization id": facts.organization_id,
};
for (const [name, value] of Object.entries(shown)) {
  const [term, text] = [document.createElement("dt"), document.createElement("dd")];
  term.textContent = name;
  text.textContent = value || "(none)";
  document.getElementById("credentials").append(term, text);
}
