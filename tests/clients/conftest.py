"""The emulated org as the whole world sees Salesforce: behind a proxy, by TLS, under its own host names.

Programs run here unmodified, from their registries; what they need is two environment variables. One that cannot be had is a loud
skip, in CI an error.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PASSWORD, TOKEN = "pass<&>word", "T0k3n"


@dataclass(frozen=True)
class World:
    """A running org: its plain address, its proxy, and what `/__control/connection` says."""

    address: str
    proxy: str
    ca_file: str
    facts: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs in order to take this org for Salesforce; two variables count, by its language."""
        authority = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), self.ca_file)
        return {**os.environ, **authority, "HTTPS_PROXY": self.proxy, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}

    def control(self, method: str, name: str, body: dict[str, object] | None = None) -> requests.Response:
        """Ask the control resource."""
        return requests.request(method, f"{self.address}/__control/{name}", json=body, timeout=10)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One org with 450 tasks for all client tests."""
    ca_file = tmp_path_factory.mktemp("ca") / "ca.pem"
    command = [sys.executable, "-m", "infra.local.org", "--port", "0", "--proxy-port", "0", "--ca-file", str(ca_file)]
    command += ["--tasks", "450", "--password", PASSWORD, "--security-token", TOKEN]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        assert process.stdout is not None
        first, second = process.stdout.readline(), process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", first)
        proxy = re.search(r"HTTPS_PROXY=(http://127\.0\.0\.1:\d+)", second)
        assert address, first
        assert proxy, second
        facts = requests.get(f"{address[0]}/__control/connection", timeout=30).json()
        yield World(address[0], proxy[1], str(ca_file), facts)
        process.terminate()
        assert process.wait(10) in (0, -15)


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The folder with the npm packages of `package-lock.json`, installed once per lock into the cache."""
    if shutil.which("npm") is None:
        missing("npm is not installed: clients of npm are not tried")
    place = ROOT / ".cache" / "clients"
    lock = (HERE / "package-lock.json").read_text(encoding="utf-8")
    done = place / "installed.json"
    if not (done.exists() and done.read_text(encoding="utf-8") == lock):
        place.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, place / name)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        ran = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=100, check=False)  # noqa: S603 - fixed words
        if ran.returncode:
            missing(f"npm could not install the clients: {ran.stderr[-500:]}")
        done.write_text(lock, encoding="utf-8")
    return place


def missing(reason: str) -> None:
    """Skip aloud what cannot run on this machine; in CI it is an error."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def node(script: str, place: Path, environment: Mapping[str, str], *arguments: str) -> dict[str, object]:
    """Run a module of this folder beside the installed packages; gives the JSON of its last line."""
    shutil.copy(HERE / script, place / script)
    ran = subprocess.run(  # noqa: S603 - our own script
        ["node", script, *arguments],  # noqa: S607 - found on PATH
        cwd=place,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    found = json.loads(ran.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found
