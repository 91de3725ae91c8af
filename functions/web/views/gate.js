// Before one is in: signing in with Salesforce, or why that does not work and what to do about it.

import { Icon } from "../components/icon.js";
import { signInAtSalesforce } from "../lib/session.js";
import { html, view } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { account, begin, signOut } from "../store/account.js";

/** What the server says of a sign-in that failed: title, what happened, what to do; whether somebody else is to be asked for. */
const PROBLEMS = {
  denied: ["You did not allow it", "Reminder Sync learns from Salesforce who you are, and nothing else. Without that it cannot open.", "Sign in again and choose “Allow”."],
  not_approved: ["You have no access", "Your Salesforce org has not let you use Reminder Sync.", "Ask an administrator for the permission set Reminder_Sync_User, or sign in as somebody else.", true],
  inactive_user: ["You have no access", "Salesforce says that this user is not active.", "Ask an administrator of your Salesforce org, or sign in as somebody else.", true],
  other_organization: ["This is another organisation", "You signed in to a Salesforce org that this Command Center does not belong to.", "Sign in as a user of the right org.", true],
  state_mismatch: ["This sign-in was not begun here", "It was begun in another tab, or an older one was opened again. Nothing has happened.", "Sign in again in this tab."],
  cookie_gone: ["The sign-in took too long", "It must be done within ten minutes, and your browser must keep cookies of this page.", "Sign in again."],
  code_expired: ["The sign-in took too long", "Salesforce does not accept it any more: it was opened twice, or too late.", "Sign in again."],
  not_verified: ["The sign-in could not be verified", "What came back is not what Salesforce would have signed for this Command Center. You are not signed in.", "Sign in again. If it stays so, tell an administrator."],
  salesforce_refused: ["Salesforce does not accept this app", "The sign-in is not set up as it should be. It is not your fault, and trying again does not help.", "Tell an administrator: the log of the sign-in says why."],
  salesforce_down: ["Salesforce does not answer", "Signing in needs Salesforce. Your reminders are safe.", "Try again in a moment."],
};

const Card = ({ title, icon, children }) => html`
  <main class="gate" id="main" tabindex="-1">
    <img src="/assets/mark.svg" alt="" width="48" height="48" />
    <h1>${icon && html`<${Icon} name=${icon} /> `}${title}</h1>
    ${children}
  </main>`;

const Button = ({ onClick, quiet, children }) => html`
  <button type="button" class=${`slds-button slds-button_${quiet ? "neutral" : "brand"}`} onClick=${onClick}>${children}</button>`;

const SignIn = ({ again }) => html`<${Button} onClick=${() => signInAtSalesforce()}>${again ? t("Sign in again") : t("Sign in with Salesforce")}<//>`;
const SomebodyElse = ({ quiet }) => html`<${Button} quiet=${quiet} onClick=${() => signInAtSalesforce({ choose: true })}>${t("Sign in as somebody else")}<//>`;

export const Gate = view(() => {
  const { step, problem, ended, revoked, salesforce } = account.value;
  switch (step) {
    case "out":
      return html`
        <${Card} title=${ended ? t("Your session has ended.") : t("Command Center")}>
          <p>${ended ? t("Sign in again to go on.") : t("Your reminders, and the tasks in Salesforce that belong to them.")}</p>
          <${SignIn} />
        <//>`;
    case "left":
      return html`
        <${Card} title=${t("You are signed out")} icon="success">
          <p role="status">${t("In all tabs of this browser.")}</p>
          ${!revoked && html`<p class="problem" role="alert">${t("Salesforce did not answer, so it does not know yet. An administrator can end the session there.")}</p>`}
          <${SomebodyElse} />
          ${salesforce && html`<a href=${salesforce} rel="noreferrer">${t("Sign out of Salesforce, too")}</a>`}
        <//>`;
    case "problem": {
      const [title, what, remedy, choose] = PROBLEMS[problem] ?? PROBLEMS.salesforce_refused;
      return html`
        <${Card} title=${t(title)} icon=${choose ? "ban" : "warning"}>
          <p role="alert">${t(what)}</p>
          <p class="quiet">${t(remedy)}</p>
          ${choose ? html`<${SomebodyElse} />` : html`<${SignIn} again=${true} />`}
        <//>`;
    }
    case "refused":
      return html`
        <${Card} title=${t("You have no access")} icon="ban">
          <p role="alert">${t(problem)}</p>
          <p class="quiet">${t("Ask an administrator of your Salesforce org, or sign in as somebody else.")}</p>
          <${SomebodyElse} />
        <//>`;
    case "stuck":
      return html`
        <${Card} title=${t("You are still signed in")} icon="warning">
          <p role="alert">${t(problem)}</p>
          <p class="quiet">${t("Do not leave this browser to others before signing out has worked.")}</p>
          <${Button} onClick=${signOut}>${t("Sign out")}<//>
          <${Button} quiet=${true} onClick=${() => begin()}>${t("Stay signed in")}<//>
        <//>`;
    case "failed":
      return html`
        <${Card} title=${t("The Command Center cannot open")} icon="offline">
          <p role="alert">${t(problem)}</p>
          <${Button} onClick=${() => begin()}>${t("Try again")}<//>
        <//>`;
    default:
      return html`<p class="waiting" role="status">${t("Loading…")}</p>`;
  }
});
