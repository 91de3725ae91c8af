"""A SOAP service that npm's `soap` makes of the org's own WSDL receives the org's outbound messages."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from clients.conftest import HERE, World

WSDL = "/services/wsdl/outbound"


def outcomes(world: World) -> list[str]:
    """What came of the last two attempts."""
    return [each["outcome"] for each in world.control("GET", "webhook").json()["log"]][-2:]


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that happens by itself."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


@pytest.mark.timeout(300)
def test_a_service_made_from_the_wsdl(world: World, node_modules: Path) -> None:
    """It gets the task's values by their types, refuses once, gets the same notification again, and acknowledges."""
    fields = ["Subject", "IsClosed", "ActivityDate", "OwnerId", "SystemModstamp"]
    world.control("POST", "webhook", {"fields": fields, "first_retry": 0.2})
    shutil.copy(HERE / "listener.js", node_modules / "listener.js")
    command = ["node", "listener.js", f"{world.address}{WSDL}", "1"]
    with subprocess.Popen(command, cwd=node_modules, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own script
        assert process.stdout is not None
        lines = process.stdout
        try:
            hook = json.loads(lines.readline())["url"]
            world.control("POST", "webhook", {"url": hook})
            assert hook in requests.get(f"{world.address}{WSDL}", timeout=10).text
            people = world.control("GET", "stack").json()["users"]
            seller = next(each for each in people if each["role"] == "sales")
            made = requests.post(
                f"{world.address}/services/data/v66.0/sobjects/Task",
                json={"Subject": "Übung & <more>", "ActivityDate": "2026-12-01"},
                headers={"Authorization": f"Bearer {seller['access_token']}"},
                timeout=10,
            ).json()["id"]
            first, second = (json.loads(lines.readline()) for _ in range(2))
            until(lambda: outcomes(world) == ["failed: 200", "acknowledged"])
        finally:
            world.control("POST", "webhook", {"url": "", "enabled": False})
            process.terminate()
    assert (first["acknowledged"], second["acknowledged"]) == (False, True)
    assert first["organization"] == world.facts["organization_id"]
    assert first["notifications"] == second["notifications"]
    task: dict[str, Any] = first["notifications"][0]["sObject"]
    assert (task["Id"], task["Subject"], task["IsClosed"]) == (made, "Übung & <more>", False)
    assert task["ActivityDate"].startswith("2026-12-01")
    page = requests.get(f"{world.address}/messages", timeout=10)
    assert (page.status_code, page.headers["Content-Security-Policy"]) == (200, "default-src 'self'")
    assert requests.get(f"{world.address}/page/messages.js", timeout=10).ok
