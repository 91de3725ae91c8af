"""Programs that people use for this today, each in an environment of its own outside our lock, pinned, run as it comes.

One that cannot be had here, or does not run, is told of by name, with the reason, and left out.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from infra.bench import programs
from infra.bench.programs import HERE, PASSWORD, TOKEN
from infra.bench.stage import Org

DLT: Final = "dlt[duckdb]==1.31.0"
INGESTR: Final = "ingestr==0.15.9"  # the last that is Python; later ones fetch a program
TAP: Final = "tap-salesforce==2.8.1"
AIO_SF: Final = "aio-sf==0.1.0b14"
JSFORCE: Final = "jsforce@3.10.16"  # later ones want Node 22
SFDMU: Final = "sfdmu@3.7.19"
FETCH_SECONDS: Final = 300
STORE: Final = Path(__file__).parents[2] / ".cache" / "bench" / "programs"

Run = Callable[[str], int]
"""Reads what has changed since an ISO time and stores it; gives how many tasks."""

Send = Callable[[Sequence[Mapping[str, str]]], int]
"""Updates these tasks (`Id` and fields); gives how many were updated."""


@dataclass
class Peers:
    """The peers that are wanted (`wanted` False: none). They are kept in `place`; `absent` says which could not be had, and why."""

    wanted: bool = True
    absent: dict[str, str] = field(default_factory=dict)
    place: Path = STORE
    _there: set[str] = field(default_factory=set)

    def org_arguments(self, folder: Path) -> list[str]:
        """Give the options of an org that they can reach."""
        if not self.wanted:
            return []
        reached = ["--proxy-port", "0", "--ca-file", str(folder / "ca.pem")]
        return [*reached, "--password", PASSWORD, "--security-token", TOKEN]

    def inbound(self, org: Org, folder: Path) -> dict[str, Run]:
        """Give those that read tasks and store them."""
        if not self.wanted:
            return {}
        found: dict[str, Run] = {}
        if python := self._from_pypi(DLT):
            found["dlt, into DuckDB"] = partial(programs.dlt, python, org, folder)
        if python := self._from_pypi(INGESTR):
            found["ingestr 0.15.9, into SQLite"] = partial(programs.ingestr, python, org, folder)
        if python := self._from_pypi(TAP):
            found["Singer tap-salesforce, into JSON lines"] = programs.Tap(python, org, folder)
        if self._from_npm(SFDMU):
            found["SFDMU, into CSV"] = programs.Sfdmu(self._beside("sfdmu_run.cjs"), org, folder).read
        return found

    def outbound(self, org: Org, folder: Path) -> dict[str, Send]:
        """Give those that update tasks."""
        if not self.wanted:
            return {}
        found: dict[str, Send] = {"simple-salesforce, Bulk API 2.0": partial(programs.bulk2, org)}
        if python := self._from_pypi(AIO_SF):
            script = str(HERE / "aio_sf_update.py")
            found["aio-sf, collections"] = partial(programs.updated, [str(python), script], org, folder)
        if self._from_npm(JSFORCE):
            command = ["node", self._beside("jsforce_update.mjs")]
            found["jsforce, collections"] = partial(programs.updated, command, org, folder)
        if self._from_npm(SFDMU):
            found["SFDMU, from CSV"] = programs.Sfdmu(self._beside("sfdmu_run.cjs"), org, folder).update
        return found

    def runs(self, name: str, run: Callable[[], object]) -> bool:
        """Try one; tell whether it runs."""
        try:
            run()
        except RuntimeError as why:
            self.absent[name] = f"it does not run here: {str(why)[-300:]}"
            return False
        return True

    def _from_pypi(self, requirement: str) -> Path | None:
        """Have an environment with a package; gives its Python."""
        home = self.place / re.split(r"[\[=]", requirement)[0]
        python = home / "bin" / "python"
        if not python.exists() and not self._fetched(home.name, ["uv", "venv", "--quiet", "--no-project", str(home)]):
            return None
        install = ["uv", "pip", "install", "--quiet", "--python", str(python), requirement]
        return python if self._fetched(requirement, install) else None

    def _from_npm(self, package: str) -> bool:
        """Have npm put a package into a folder with the programs that use it."""
        name, _, version = package.partition("@")
        known = self.place / "node_modules" / name / "package.json"
        if known.exists() and json.loads(known.read_text(encoding="utf-8"))["version"] == version:
            return True
        self.place.mkdir(parents=True, exist_ok=True)
        npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(self.place)]
        return self._fetched(package, [*npm, package])

    def _beside(self, script: str) -> str:
        """Put a script of ours beside the packages of npm, where it finds them."""
        return str(shutil.copy(HERE / script, self.place))

    def _fetched(self, name: str, command: list[str]) -> bool:
        """Fetch it, once in a run."""
        if name in self._there:
            return True
        if shutil.which(command[0]) is None:
            self.absent[name] = f"{command[0]} is not installed"
            return False
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            self.absent[name] = f"it could not be fetched within {FETCH_SECONDS} s"
            return False
        if done.returncode:
            self.absent[name] = f"it could not be fetched: {done.stderr[-300:]}"
            return False
        self._there.add(name)
        return True
