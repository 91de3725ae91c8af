"""What `sam build` makes for Lambda's processors: one artifact, no larger than said, for the right machine, at the locked versions."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from deploy.built import Built
from permissions import whole_template

from infra.bundle import OURS, TOTAL, Bundle, ceilings, too_large

ROOT = Path(__file__).resolve().parents[2]
BUILDING = re.compile(r"^Building codeuri: .*runtime: (\S+) .*architecture: (\S+) .*functions: (.+)$", re.MULTILINE)
LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}

pytestmark = pytest.mark.timeout(900)  # whoever asks first waits for the build


def test_one_artifact_for_all_functions(built: Callable[[str], Built]) -> None:
    """A function with code, a runtime or a processor of its own would be built, looked through and uploaded by itself."""
    [(runtime, architecture, functions)] = BUILDING.findall(built("arm64").said)
    assert (runtime, architecture) == ("python3.13", "arm64")
    assert set(functions.split(", ")) == {one.name for one in whole_template().of_type("AWS::Serverless::Function")}


def test_nothing_is_larger_than_its_ceiling(built: Callable[[str], Built]) -> None:
    """A dependency that brings ten megabytes along is looked at before it is deployed, not after."""
    assert too_large(built("arm64").bundle.sizes(), ceilings()) == []


def test_sizes_add_up(built: Callable[[str], Built]) -> None:
    """Every file is somebody's, and nobody's twice: what is left over is our own code, to the byte."""
    folder, sizes = built("arm64").bundle.folder, built("arm64").bundle.sizes()
    ours = sum((folder / file).stat().st_size for file in _our_files())
    assert sizes[OURS] == ours
    assert sum(sizes.values()) == 2 * sizes[TOTAL]


def test_a_ceiling_can_be_too_low() -> None:
    """Each way in which sizes and ceilings disagree is told."""
    sizes = {TOTAL: 3_000_000, OURS: 1_000_000, "new": 1}
    assert too_large(sizes, {TOTAL: 2.5, OURS: 1.0, "old": 1.0}) == [
        "new: has no ceiling",
        "old: has a ceiling and is not there",
        "total: 3.00 MB of 2.5",
    ]


@pytest.mark.parametrize("architecture", MACHINES)
def test_every_binary_is_for_the_processor_that_runs_it(built: Callable[[str], Built], architecture: str) -> None:
    """One that is for another fails where it is first imported, which may be on the day that somebody signs in."""
    bundle = built(architecture).bundle
    found, named = bundle.machines(), {str(file.relative_to(bundle.folder)) for file in bundle.folder.rglob("*.so*")}
    assert named
    assert named <= set(found)
    assert set(found.values()) == {MACHINES[architecture]}, found


def test_a_binary_for_another_processor_is_seen(host: str, tmp_path: Path) -> None:
    """By its header, whatever it is called."""
    shutil.copy(Path(sys.executable).resolve(), tmp_path / "tool")
    (tmp_path / "other.so").write_bytes(b"\x7fELF\x02\x02\x01".ljust(18, b"\0") + b"\0\x16")  # big-endian: IBM Z
    (tmp_path / "text").write_text("ELF")
    assert Bundle(tmp_path).machines() == {"tool": MACHINES[host], "other.so": "0x16"}


def test_both_processors_get_the_locked_versions(built: Callable[[str], Built]) -> None:
    """What is tested on this machine is what runs on the other one: nothing is resolved anew, nothing added, nothing left out."""
    requirements = (ROOT / "functions" / "requirements.txt").read_text(encoding="utf-8")
    locked = {name.lower(): version for name, version in LOCKED.findall(requirements)}
    assert built("arm64").bundle.versions() == locked
    assert built("x86_64").bundle.versions() == locked


def test_the_bundle_holds_our_code_as_it_is(built: Callable[[str], Built]) -> None:
    """Exactly what lies in functions/, the page with it."""
    folder, source = built("arm64").bundle.folder, ROOT / "functions"
    assert [file for file in _our_files() if (folder / file).read_bytes() != (source / file).read_bytes()] == []


def _our_files() -> list[Path]:
    source = ROOT / "functions"
    return [
        file.relative_to(source) for file in source.rglob("*") if file.is_file() and "__pycache__" not in file.parts
    ]
