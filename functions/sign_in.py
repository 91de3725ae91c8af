"""Signing in with Salesforce (C7): to its page and back, silent renewal, signing out."""

from typing import Any

from reminders import runtime, telemetry
from reminders.aws.events import Event
from reminders.signin import routes


@telemetry.quiet
def handler(event: Event, context: object) -> dict[str, Any]:
    """Trigger: an HTTP request to `/auth/*`.

    Promise: who comes back with a cookie was signed in by our org of Salesforce, for our app, in this very browser; every refusal
    says why, and is one line in the log without anything that was sent.
    A retry by the browser is refused where what it holds was used up (a code, a rotated refresh token), and then leads to signing in.
    """
    outcome = routes.answer(event, runtime.provider())
    telemetry.report("sign_in", outcome.summary, context, warning=outcome.why_not)
    return outcome.response
