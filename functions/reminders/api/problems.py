"""The routes of Diagnostics (C4): problems by cause, as a file, and Retry of a cause. Those of one reminder are with the reminders."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from reminders.api.http import SAFE_HEADERS, call_of, new_router, reply, reply_if_changed, responses
from reminders.api.reminders import IfNoneMatch
from reminders.api.schemas_problems import ProblemsOut, RetriedOut, problems, table
from reminders.api.schemas_sweep import SweepOut, sweep_out
from reminders.services import diagnostics
from reminders.services.access import require_admin

router = new_router()

Code = Annotated[str, Path(description="Salesforce's error code, as listed.", max_length=200)]


@router.get("/api/problems", summary="What needs a person", tags=["Problems"], responses=responses(ProblemsOut))
def list_problems(if_none_match: IfNoneMatch = None) -> Response[str]:
    """List problems by cause, with what to do: those of your reminders (administrators: of all), and what stops everything."""
    call = call_of(router)
    found = diagnostics.diagnose(call.world, call.asker, call.now)
    return reply_if_changed(problems(found, call.site.salesforce_url), if_none_match)


@router.get(
    "/api/problems.csv",
    summary="The same as a file",
    tags=["Problems"],
    responses={
        **responses(ProblemsOut),
        200: {"description": "One line per reminder.", "content": {"text/csv": {"schema": {"type": "string"}}}},
    },
)
def download_problems() -> Response[str]:
    """Download the same as CSV, one line per reminder, for a spreadsheet."""
    call = call_of(router)
    found = diagnostics.diagnose(call.world, call.asker, call.now)
    return Response(
        status_code=200,
        content_type="text/csv; charset=utf-8",
        body=table(found, call.site.salesforce_url),
        headers={
            **SAFE_HEADERS,
            "Cache-Control": "private, no-store",
            "Content-Disposition": f'attachment; filename="reminder-sync-problems-{call.now:%Y-%m-%d}.csv"',
        },
    )


@router.post("/api/problems/<code>/retry", summary="Retry a cause", tags=["Problems"], responses=responses(RetriedOut))
def retry_problems(code: Code) -> Response[str]:
    """Try everything of one cause again at once: up to 200 of your reminders (administrators: of all) (O4)."""
    call = call_of(router)
    return reply(RetriedOut(retried=diagnostics.retry(call.world, call.asker, code, call.now)))


@router.get("/api/sweep", summary="What the sweep found", tags=["Problems"], responses=responses(SweepOut))
def read_sweep() -> Response[str]:
    """Tell of the last nightly sweep and what it found (I5), and of the last full comparison and why it ran (I4) (administrators)."""
    call = call_of(router)
    require_admin(call.asker)
    return reply(sweep_out(call.world.ledger, call.site.salesforce_url))
