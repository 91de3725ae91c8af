"""The SAM CLI, at the version that the Makefile pins. It pins its own boto3, so it runs in an environment of its own, not in ours."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
TRANSFORM: Final = Path(__file__).with_name("transform.py")
SECONDS: Final = 900
"""Longest wait; the first time everything is downloaded."""


class SamFailed(Exception):
    """The SAM CLI said no, or cannot be run; the message is its own."""


def version() -> str:
    """The version that the Makefile pins."""
    found = re.search(r"^SAM_VERSION := (\S+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise SamFailed("the Makefile pins no SAM_VERSION")
    return found[1]


def uv() -> str:
    """The uv that runs us (it says so), else the one on the PATH, else the one that the Makefile has fetched. Raises SamFailed."""
    found = os.environ.get("UV") or shutil.which("uv") or shutil.which(str(ROOT / ".cache/uv/bin/uv"))
    if not found:
        raise SamFailed("there is no uv to run the SAM CLI with")
    return found


def run(*command: str, folder: Path = ROOT, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program of the SAM CLI's environment, `sam` or its `python`; `path` replaces the PATH. Raises SamFailed."""
    environment = {"AWS_DEFAULT_REGION": "eu-central-1", **os.environ, "SAM_CLI_TELEMETRY": "0", "PIP_NO_DEPS": "1"}
    for ours in ("PYTHONPATH", "VIRTUAL_ENV"):
        environment.pop(ours, None)
    if path:
        environment["PATH"] = path
    done = subprocess.run(
        [uv(), "tool", "run", "--from", f"aws-sam-cli=={version()}", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        raise SamFailed(f"{' '.join(command)}: {done.stderr[-3000:]}")
    return done


def transformed(template: Path, code: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """The template as CloudFormation gets it: SAM's resources turned into plain ones. `code` is where the artifact lies in S3.

    Raises SamFailed.
    """
    document: dict[str, Any] = json.loads(
        run("python", str(TRANSFORM), str(template), code, json.dumps(dict(parameters))).stdout
    )
    return document
