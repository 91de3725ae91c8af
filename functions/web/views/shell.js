// The frame of the page: header, what is wrong now, the page itself, and what can be undone.

import { Icon, IconButton } from "../components/icon.js";
import { Help, help } from "../components/help.js";
import { Toast } from "../components/toast.js";
import { route } from "../lib/routes.js";
import { signInAtSalesforce } from "../lib/session.js";
import { component, html, view } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { account, signOut } from "../store/account.js";
import { me } from "../store/lists.js";
import { problems, status, trouble, look } from "../store/watch.js";
import { Gate } from "./gate.js";
import { PAGES } from "./pages.js";
import { Work } from "./work.js";

export const Shell = view(() => (account.value.step === "in" ? html`<${Inside} />` : html`<${Gate} />`));

const Inside = view(() => {
  const Page = PAGES[route.value.page]?.view ?? Work;
  return html`
    <a class="skip" href="#main" onClick=${skip}>${t("Skip to the content")}</a>
    <${Header} />
    <${Trouble} />
    <${Page} />
    <${Toast} />
    ${help.value && html`<${Help} onClose=${() => (help.value = false)} />`}`;
});

function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

const Header = view(() => html`
  <header class="top">
    <div class="brand">
      <img src="/assets/mark.svg" alt="" width="28" height="28" />
      <span class="brand-name">${t("Command Center")}</span>
    </div>
    <${Tabs} />
    <div class="top-end">
      <${SyncChip} />
      <${IconButton} name="help" label=${t("Keys and help")} keys="?" onClick=${() => (help.value = true)} />
      <${Account} />
    </div>
  </header>`);

const Tabs = component((self) => {
  // On a phone not every tab has room at once.
  self.onDrawn(() => document.querySelector(".tab[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" }));
  return tabs;
});

function tabs() {
  const { page } = route.value;
  const here = PAGES[page] ? page : "today";
  const count = problems.value?.causes.reduce((sum, cause) => sum + Math.max(1, cause.count), 0);
  const tab = (id, name, extra) => html`
    <li><a class="tab" href=${`#/${id}`} aria-current=${here === id ? "page" : null}>${name}${extra}</a></li>`;
  return html`
    <nav class="tabs" aria-label=${t("Pages")}>
      <ul>
        ${tab("today", t("Reminders"))}
        ${Object.entries(PAGES).map(([id, { name }]) =>
          tab(id, t(name), id === "diagnostics" && count > 0 && html`<span class="count is-bad">${count}<span class="slds-assistive-text"> ${t("problems")}</span></span>`))}
      </ul>
    </nav>`;
}

/** Whether the sync is on, and whether anything waits: the answer to "can I trust what I see?". */
const SyncChip = view(() => {
  if (!status.value) return null;
  const on = status.value.sync === "Sync with Salesforce tasks";
  const waiting = status.value.waiting;
  const [icon, words] = !on ? ["offline", t("Sync is off")] : waiting ? ["sync", t("{n} waiting", { n: waiting })] : ["check", t("In step")];
  return html`
    <a class=${`chip ${on ? (waiting ? "is-waiting" : "is-on") : ""}`} href=${on ? "#/status" : "#/settings"}><${Icon} name=${icon} size="small" /> ${words}</a>`;
});

const Account = view(() => html`
    <div class="account">
      <span class="account-name"><bdi>${me.value.name}</bdi>${me.value.admin && html`<span class="slds-badge">${t("Administrator")}</span>`}</span>
      <${IconButton} name="logout" label=${t("Sign out")} onClick=${signOut} />
    </div>`);

const Trouble = view(() => {
  const error = trouble.value;
  if (!error) return null;
  const ended = error.status === 401;
  return html`
    <div class="banner" role="alert">
      <${Icon} name=${error.status === 0 ? "offline" : "warning"} />
      <p>${ended ? t("Your session has ended.") : t(error.message)} ${t("What you see may be old.")}</p>
      <button type="button" class="slds-button slds-button_neutral" onClick=${ended ? () => signInAtSalesforce() : look}>${ended ? t("Sign in again") : t("Try now")}</button>
    </div>`;
});
