"""The routes of held deletes (M9), for administrators: what the mass-delete valve holds, and letting it through or taking it back."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response

from reminders.api.http import call_of, new_router, reply, reply_if_changed, responses
from reminders.api.reminders import IfNoneMatch
from reminders.api.schemas_held import HeldChoice, HeldDecidedOut, HeldOut, decided_out, held_out
from reminders.services import held_deletes
from reminders.services.held_deletes import Verdict

router = new_router()


@router.get("/api/held-deletes", summary="What is held", tags=["Held deletes"], responses=responses(HeldOut))
def list_held_deletes(if_none_match: IfNoneMatch = None) -> Response[str]:
    """List the deletes that are held because too many were made within an hour, by user and direction (administrators)."""
    call = call_of(router)
    return reply_if_changed(
        held_out(held_deletes.listing(call.world, call.asker), call.site.salesforce_url), if_none_match
    )


@router.post(
    "/api/held-deletes/confirm",
    summary="Let held deletes through",
    tags=["Held deletes"],
    responses=responses(HeldDecidedOut, 400, 413, 415, description="One result per reminder; look at each status."),
)
def confirm_held_deletes(choice: HeldChoice) -> Response[str]:
    """Confirm up to 200 held deletes (administrators). Each is read again first, and dropped if it was undeleted meanwhile."""
    return _decide(choice, Verdict.CONFIRM)


@router.post(
    "/api/held-deletes/reject",
    summary="Take held deletes back",
    tags=["Held deletes"],
    responses=responses(HeldDecidedOut, 400, 413, 415, description="One result per reminder; look at each status."),
)
def reject_held_deletes(choice: HeldChoice) -> Response[str]:
    """Reject up to 200 held deletes (administrators): deleted in Salesforce, the reminder stays, not synced; deleted here, it is back."""
    return _decide(choice, Verdict.REJECT)


def _decide(choice: HeldChoice, verdict: Verdict) -> Response[str]:
    call = call_of(router)
    group = choice.wanted()
    if group:
        decided = held_deletes.decide_group(call.world, call.asker, group, verdict, now=call.now)
    else:
        decided = held_deletes.decide_each(call.world, call.asker, choice.ids or [], verdict, now=call.now)
    return reply(decided_out(decided, call.site.salesforce_url))
