// Before one is in: choosing who one is, or why that does not work.

import { Icon } from "../components/icon.js";
import { html, view } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { account, begin, enter, signOut } from "../store/account.js";

const Card = ({ title, icon, children }) => html`
  <main class="gate" id="main" tabindex="-1">
    <img src="/assets/mark.svg" alt="" width="48" height="48" />
    <h1>${icon && html`<${Icon} name=${icon} /> `}${title}</h1>
    ${children}
  </main>`;

export const Gate = view(() => {
  const { step, users, problem } = account.value;
  switch (step) {
    case "choose":
      return html`
        <${Card} title=${t("Who are you?")}>
          ${problem && html`<p class="problem" role="alert">${t(problem)}</p>`}
          <p class="quiet">${t("This is a local stack; choose one of its users.")}</p>
          <ul class="people">${users.map((user) => html`<li><${Person} user=${user} /></li>`)}</ul>
        <//>`;
    case "none":
      return html`
        <${Card} title=${t("Sign-in is not set up yet")}>
          <p>${t("This Command Center cannot sign you in with Salesforce yet.")} <a href="/openapi.json">${t("Its API is described here.")}</a></p>
        <//>`;
    case "refused":
      return html`
        <${Card} title=${t("You have no access")} icon="ban">
          <p role="alert">${t(problem)}</p>
          <p class="quiet">${t("Ask an administrator of your Salesforce org, or sign in as somebody else.")}</p>
          <button type="button" class="slds-button slds-button_brand" onClick=${signOut}>${t("Switch user")}</button>
        <//>`;
    case "failed":
      return html`
        <${Card} title=${t("The Command Center cannot open")} icon="offline">
          <p role="alert">${t(problem)}</p>
          <button type="button" class="slds-button slds-button_brand" onClick=${() => begin()}>${t("Try again")}</button>
        <//>`;
    default:
      return html`<p class="waiting" role="status">${t("Loading…")}</p>`;
  }
});

const Person = ({ user }) => html`
  <button type="button" class="person-choice" onClick=${() => enter(user)}>
    <span class="initials" aria-hidden="true">${initials(user.name)}</span>
    <span><strong><bdi>${user.name}</bdi></strong><br /><span class="quiet">${user.username}</span></span>
    ${user.admin && html`<span class="slds-badge">${t("Administrator")}</span>`}
  </button>`;

const initials = (name) => name.split(/\s+/).map((word) => word[0]).slice(0, 2).join("");
