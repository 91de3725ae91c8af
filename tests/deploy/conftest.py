"""The template, deployed once for all tests of this folder that need it."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest
from cloud import Cloud, Created, formed, made_locally
from deploy.built import ONE, Built
from deploy.runtime_api import Runtime

from infra import bundle, sam
from infra.bundle import Bundle


@pytest.fixture(scope="session")
def cloudformation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cloud, Created]]:
    """The stack in moto's CloudFormation. Without the SAM CLI, which transforms the template, it is a loud skip, in CI an error."""
    try:
        sam.run("sam", "--version")
    except sam.SamFailed as reason:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"the SAM CLI cannot be had here: {reason}")
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "Tried to parse .* not supported by moto"
        )  # cloud.UNSUPPORTED says which and why
        with formed(tmp_path_factory.mktemp("formed")) as both:
            yield both


@pytest.fixture(scope="session")
def local(dynamodb: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The same functions over what the local stack creates."""
    with made_locally(tmp_path_factory.mktemp("local"), dynamodb) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def python() -> Path:
    """The functions' Python. Without one it is a loud skip, in CI an error."""
    try:
        return bundle.interpreter()
    except bundle.NoInterpreter as reason:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def built(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Built]:
    """The bundle for a processor: built once, by whichever process of the run asks first; the others wait for it.

    For the template's default, arm64, as it is deployed; for the other kind one function, since all share what is built.
    """
    own = tmp_path_factory.getbasetemp()
    folder = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    @cache
    def build(architecture: str) -> Built:
        place, said = folder / f"built-{architecture}", folder / f"built-{architecture}.txt"
        with said.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not said.exists():
                told = bundle.build(place, architecture, *([] if architecture == "arm64" else [ONE]))
                for copy in place.glob("*Function"):
                    if copy.name != ONE:
                        shutil.rmtree(copy)  # SAM gives each function a copy of the same
                said.write_text(told, encoding="utf-8")
        return Built(Bundle(place / ONE), said.read_text(encoding="utf-8"))

    return build


@pytest.fixture(scope="session")
def host() -> str:
    """This machine's processor, as Lambda calls it."""
    return {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]


@pytest.fixture(scope="session")
def runtime(
    python: Path, host: str, built: Callable[[str], Built], tmp_path_factory: pytest.TempPathFactory
) -> Runtime:
    """The bundle for this machine, and AWS's runtime client at the locked version, installed for the functions' Python."""
    folder = tmp_path_factory.mktemp("client")
    package = f"awslambdaric=={version('awslambdaric')}"
    command = [sam.uv(), "pip", "install", "--quiet", "--python", str(python), "--target", str(folder), package]
    subprocess.run(command, check=True, timeout=300)  # noqa: S603 - see above
    return Runtime(python, folder, built(host).bundle.folder)
