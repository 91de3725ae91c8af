"""The Command Center and its JSON API (C5), behind API Gateway (HTTP API, payload format 2.0; a JWT authorizer on `/api/*`)."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from reminders import runtime, telemetry
from reminders.api import app
from reminders.services.access import Site


@telemetry.quiet
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Trigger: an HTTP request.

    Promise: every request is answered, every refusal as JSON with its reason, and what is refused changes nothing.
    A retry by the client is safe: a change carries the version that it was made on, a create its idempotency key.
    """
    variables = runtime.environment()
    site = Site(organization_id=variables.organization_id, salesforce_url=variables.salesforce_url)
    return app.answer(event, context, runtime.world, site)
