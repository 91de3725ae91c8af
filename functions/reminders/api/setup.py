"""The route of the set-up's checks (I3, F2), for administrators."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel

from reminders.api.http import call_of, new_router, reply, responses
from reminders.services.access import require_admin
from reminders.sync import set_up

router = new_router()


class CheckOut(BaseModel):
    """One check: `ok`, and in words what was found; `code` is that of the problem in Diagnostics."""

    code: str
    ok: bool
    message: str


class SetUpOut(BaseModel):
    """The set-up of the org, as it is now."""

    ok: bool
    checks: list[CheckOut]


@router.post("/api/setup", summary="Check the set-up", tags=["Settings"], responses=responses(SetUpOut))
def check_set_up() -> Response[str]:
    """Check permissions, field and picklist values in Salesforce now (administrators): four API calls, and Diagnostics follows."""
    call = call_of(router)
    require_admin(call.asker)
    checks = set_up.check(call.world)
    return reply(
        SetUpOut(
            ok=all(each.ok for each in checks),
            checks=[CheckOut(code=each.code, ok=each.ok, message=each.words) for each in checks],
        )
    )
