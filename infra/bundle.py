"""What is deployed: built by the SAM CLI, measured, and held against ceilings.

`make bundle` prints the size of every dependency in `.aws-sam/build`, and fails above a ceiling of `infra/ceilings.toml`.
`python -m infra.bundle --path` prints a PATH on which the functions' Python comes first, for `sam build`.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import struct
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from infra import sam

ROOT: Final = sam.ROOT
BUILT: Final = ROOT / ".aws-sam" / "build"
TEMPLATE: Final = ROOT / "template.yaml"
CEILINGS: Final = Path(__file__).with_name("ceilings.toml")
OURS: Final = "reminder-sync"
TOTAL: Final = "total"
MEGABYTE: Final = 1_000_000
MACHINES: Final = {0x3E: "x86_64", 0xB7: "aarch64"}
"""ELF's `e_machine` (System V ABI, "ELF Header")."""


class NoInterpreter(Exception):
    """There is no Python of the functions' version here; the message says how to get one."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """One built artifact."""

    folder: Path

    def versions(self) -> dict[str, str]:
        """The version of every distribution in it."""
        return dict(_named(info) for info in self.folder.glob("*.dist-info"))

    def sizes(self) -> dict[str, int]:
        """Bytes of every distribution, of our own code, and of all."""
        sizes = {_named(info)[0]: _size(self.folder, info) for info in self.folder.glob("*.dist-info")}
        total = sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())
        return {**sizes, OURS: total - sum(sizes.values()), TOTAL: total}

    def machines(self) -> dict[str, str]:
        """Of every ELF file, by its path in the bundle, the machine that it is for."""
        found = {}
        for file in filter(Path.is_file, self.folder.rglob("*")):
            with file.open("rb") as opened:
                header = opened.read(20)
            if header[:4] == b"\x7fELF":
                code = struct.unpack_from("<H" if header[5] == 1 else ">H", header, 18)[0]
                found[str(file.relative_to(self.folder))] = MACHINES.get(code, hex(code))
        return found


def runtime() -> str:
    """The functions' runtime as the template says, which is also the name of its interpreter: `python3.13`."""
    [found] = re.findall(r"^ +Runtime: (python3\.\d+)$", TEMPLATE.read_text(encoding="utf-8"), re.MULTILINE)
    return str(found)


def interpreter() -> Path:
    """An interpreter of the functions' version, with pip: from the PATH, pyenv or uv. Raises NoInterpreter."""
    name = runtime()
    asking = "import pip, sys; print('python%d.%d' % sys.version_info[:2])"
    for candidate in _candidates(name):
        told = subprocess.run([candidate, "-c", asking], capture_output=True, text=True, timeout=60, check=False)
        if told.stdout.strip() == name:
            return Path(candidate)
    version = name.removeprefix("python")
    raise NoInterpreter(
        f"{name} with pip is neither on the PATH nor pyenv's nor uv's. Debian 13 has it (`apt install {name} python3-pip`);"
        f" elsewhere `pyenv install {version}`, or `uv python install {version}`"
    )


def _candidates(name: str) -> Iterator[str]:
    if found := shutil.which(name):
        yield found  # where it is pyenv's shim, it may know of no such version
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(pyenv.glob(f"versions/*/bin/{name}")))
    command = [sam.uv(), "python", "find", "--system", "--no-python-downloads", name]
    asked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if asked.returncode == 0:
        yield asked.stdout.strip()


def path() -> str:
    """A PATH on which `sam build` finds the functions' Python. Raises NoInterpreter."""
    return os.pathsep.join([str(interpreter().parent), os.environ.get("PATH", "")])


def build(folder: Path, architecture: str, *functions: str) -> str:
    """Build for a processor, all functions or some, into a folder of its own. Gives what SAM said. Raises SamFailed, NoInterpreter."""
    files = ("--template-file", str(TEMPLATE), "--build-dir", str(folder))
    return sam.run(
        "sam", "build", *functions, *files, "--parameter-overrides", f"Architecture={architecture}", path=path()
    ).stderr


def ceilings() -> dict[str, float]:
    """Megabytes that each distribution, and all together, may have."""
    with CEILINGS.open("rb") as opened:
        return {name: float(most) for name, most in tomllib.load(opened)["megabytes"].items()}


def too_large(sizes: Mapping[str, int], most: Mapping[str, float]) -> list[str]:
    """What is above its ceiling, has none, or has one and is not there any more."""
    return sorted(
        [
            f"{name}: {size / MEGABYTE:.2f} MB of {most[name]:g}"
            for name, size in sizes.items()
            if name in most and size > most[name] * MEGABYTE
        ]
        + [f"{name}: has no ceiling" for name in set(sizes) - set(most)]
        + [f"{name}: has a ceiling and is not there" for name in set(most) - set(sizes)]
    )


def _named(info: Path) -> tuple[str, str]:
    """Name and version of a distribution, by its metadata."""
    fields = dict(
        line.split(": ", 1)
        for line in (info / "METADATA").read_text(encoding="utf-8").splitlines()[:10]
        if ": " in line
    )
    return fields["Name"].lower().replace("_", "-"), fields["Version"]


def _size(folder: Path, info: Path) -> int:
    """Bytes of the files that a distribution says are its own."""
    with (info / "RECORD").open(encoding="utf-8", newline="") as opened:
        files = {(folder / row[0]).resolve() for row in csv.reader(opened)}
    return sum(file.stat().st_size for file in files if file.is_file() and file.is_relative_to(folder.resolve()))


def main(
    folder: Annotated[Path, typer.Argument(help="A function's folder in what was built.")] = BUILT / "ApiFunction",
    show_path: Annotated[bool, typer.Option("--path", help="Print the PATH for `sam build` instead.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Print what the bundle holds, largest first; fail above a ceiling."""
    if show_path:
        try:
            print(path())
        except NoInterpreter as reason:
            sys.exit(str(reason))
        return
    bundle, most = Bundle(folder), ceilings()
    sizes, versions = bundle.sizes(), bundle.versions()
    table = Table("what", "version", "MB", "ceiling", title=str(folder))
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        table.add_row(name, versions.get(name, ""), f"{size / MEGABYTE:.2f}", f"{most.get(name, 0):g}")
    Console().print(table)
    if over := too_large(sizes, most):
        sys.exit("\n".join(over))


if __name__ == "__main__":
    typer.run(main)
