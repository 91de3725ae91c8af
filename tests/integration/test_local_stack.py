"""The local stack as `make run` starts it: both pages, stack.json, a killed host, a clean end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from local_stack import ROOT, Running, alive, running, start

from infra.local.sign_in import id_token


def soon(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until it holds; fail if it does not come to that."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            pytest.fail(f"did not happen within {seconds} s")
        time.sleep(0.05)


def works(stack: Running) -> bool:
    """Whether the Command Center answers its API."""
    document = stack.document()
    token = {"Authorization": f"Bearer {document['users'][0]['id_token']}"}
    try:
        return (
            httpx.get(f"{document['command_center']}/api/me", headers=token, timeout=30).status_code == httpx.codes.OK
        )
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def stack(dynamodb: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One stack for the tests that leave it running; `dynamodb` has fetched the engine, so that it is not in the time."""
    with running(tmp_path_factory.mktemp("stack")) as started:
        yield started


def test_both_pages_answer(stack: Running) -> None:
    """`make run` shows both sides; within which time is measured in e2e, where nothing else runs."""
    document = stack.document()
    for page in ("command_center", "org"):
        answer = httpx.get(f"{document[page]}/", timeout=30)
        assert answer.status_code == httpx.codes.OK
        assert answer.headers["content-type"].startswith("text/html")


def test_the_document_is_what_other_programs_read(stack: Running) -> None:
    """Names and shapes of stack.json are an interface."""
    document = stack.document()
    assert list(document) == ["command_center", "org", "org_id", "webhook", "clock", "functions_pid", "users"]
    assert document["org_id"].startswith("00D")
    assert document["webhook"].startswith(f"{document['command_center']}/hooks/")
    for user in document["users"]:
        assert list(user) == ["username", "user_id", "name", "admin", "id_token", "access_token"]
        assert user["user_id"].startswith("005")
    assert {user["admin"] for user in document["users"]} == {True, False}
    assert document["functions_pid"] in stack.members()


def test_people_sign_in_with_salesforce_and_strangers_cannot(stack: Running) -> None:
    """C7: there and back through the deployed routes; the token that comes of it is taken by the template's authorizer."""
    document = stack.document()
    center, user = document["command_center"], document["users"][0]
    token = id_token(center, user["user_id"])
    me = httpx.get(f"{center}/api/me", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert (me.status_code, me.json()["id"]) == (200, user["user_id"])
    for header in ({}, {"Authorization": "Bearer made.up.token"}, {"Authorization": f"Bearer {token}x"}):
        refused = httpx.get(f"{center}/api/me", headers=header, timeout=30)
        assert (refused.status_code, refused.json()) == (401, {"message": "Unauthorized"})


def test_the_orgs_token_is_no_key_to_our_api(stack: Running) -> None:
    """An access token of the org has another audience."""
    document = stack.document()
    header = {"Authorization": f"Bearer {document['users'][0]['access_token']}"}
    assert httpx.get(f"{document['command_center']}/api/me", headers=header, timeout=30).status_code == 401


def test_a_webhook_address_with_another_secret_is_refused(stack: Running) -> None:
    """Only Salesforce knows the address (I2)."""
    document = stack.document()
    answer = httpx.post(f"{document['command_center']}/hooks/guessed", content=b"<x/>", timeout=30)
    assert 400 <= answer.status_code < 500


def test_a_completed_reminder_is_told_on_the_bus(stack: Running) -> None:
    """C6: page, table, stream, announcer, bus and a rule, wired from the template; an edit that completes nothing is not told."""
    document = stack.document()
    center, users = document["command_center"], document["users"]
    with httpx.Client(base_url=center, headers={"Authorization": f"Bearer {users[0]['id_token']}"}, timeout=30) as page:
        made = page.post("/api/reminders", json={"name": "Call Nina", "campaign_name": "Spring"}).json()
        for changes in ({"details": "x"}, {"status": "Complete"}, {"details": "y"}):
            path = f"/api/reminders/{made['id']}"
            headers = {"If-Match": page.get(path).headers["etag"]}
            assert page.patch(path, json=changes, headers=headers).status_code == 200

    def told() -> list[dict[str, Any]]:
        events = httpx.get(f"{center}/__local/events", timeout=30).json()
        return [each["detail"] for each in events if each["detail"]["reminder_id"] == made["id"]]

    soon(lambda: bool(told()))
    assert {(each["id"], each["side"], each["campaign_name"]) for each in told()} == {
        (f"{made['id']}/3", "here", "Spring")
    }


def test_killed_functions_come_back_under_a_new_number(stack: Running) -> None:
    """What is killed at any moment is started again, its containers gone with it, and stack.json follows."""
    killed = stack.document()["functions_pid"]
    before = stack.members()
    os.kill(killed, signal.SIGKILL)
    soon(lambda: stack.document()["functions_pid"] != killed)
    assert killed not in alive(before)
    soon(lambda: works(stack))
    assert stack.document()["functions_pid"] in stack.members()


def test_all_clocks_leap_together_and_killed_functions_keep_the_time(stack: Running) -> None:
    """Without it, org and functions would disagree about the time, and every conflict with it (M2)."""
    document = stack.document()
    assert httpx.post(document["clock"], json={"seconds": 3600}, timeout=60).json() == {"ahead": 3600}
    assert httpx.get(f"{document['org']}/__control/clock", timeout=30).json()["ahead"] == 3600
    assert timedelta(minutes=59) < created_at(document) - datetime.now(UTC) < timedelta(minutes=61)
    killed = document["functions_pid"]
    os.kill(killed, signal.SIGKILL)
    soon(lambda: stack.document()["functions_pid"] != killed)
    soon(lambda: works(stack))
    assert timedelta(minutes=59) < created_at(document) - datetime.now(UTC) < timedelta(minutes=61)


def created_at(document: dict[str, Any]) -> datetime:
    """When a reminder was created that is created now, by the functions' clock."""
    token = {"Authorization": f"Bearer {document['users'][0]['id_token']}"}
    answer = httpx.post(f"{document['command_center']}/api/reminders", json={"name": "Now"}, headers=token, timeout=30)
    return datetime.fromisoformat(answer.raise_for_status().json()["created"])


def test_a_second_stack_in_the_same_folder_is_refused(stack: Running) -> None:
    """Two supervisors would overwrite each other's stack.json."""
    second = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "infra.local", "--no-browser", "--folder", str(stack.folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert f"process {stack.process.pid}" in second.stdout
    assert stack.document()


@pytest.mark.timeout(300)  # two starts, a minute each at worst
def test_nothing_is_left_behind_even_when_it_is_killed(dynamodb: str, tmp_path: Path) -> None:
    """A supervisor that cannot clean up leaves no process behind, and its folder is no obstacle to the next one."""
    killed = start(tmp_path, "--tasks", "3", "--no-restart")
    members = killed.members()
    assert len(members) > 5
    killed.process.kill()
    killed.process.communicate(timeout=60)
    soon(lambda: not alive(members))
    assert (tmp_path / "stack.json").exists()
    with running(tmp_path, "--tasks", "3"):
        pass
