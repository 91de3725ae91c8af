"""Make `functions/web/vendor` anew: pinned packages from npm, checked; modules unmodified, styles purged, icons one by one."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from infra.web.purge import purge

ROOT: Final = Path(__file__).resolve().parents[2]
WEB: Final = ROOT / "functions" / "web"
VENDOR: Final = WEB / "vendor"
SLDS: Final = "@salesforce-ux/design-system"
SIGNALS: Final = "@preact/signals-core"

PACKAGES: Final = {
    "preact": (
        "11.2.0",
        "sha512-/HfHI/7N84e6GrWBJ3J280z3mLaRJiDcSvj/A+y/4AbLnND/1UlGHe1sR6oYuTGwId0nP7dqDU9OnLxMPZ7xBg==",
    ),
    "htm": (
        "3.1.1",
        "sha512-983Vyg8NwUE7JkZ6NmOqpCZ+sh1bKv2iYTlUkzlWmA5JD2acKoxd4KVxbMmxX/85mtfdnDmTFoNKcg5DGAvxNQ==",
    ),
    SIGNALS: (
        "1.14.5",
        "sha512-vcRv7Ityz5JVmeiVqIluLFzT/PDS/AlhHUpw3/aUWqcVUs6bDGIPXE/6RSC4evBNWYvnniozg5Syfj33al3gkg==",
    ),
    SLDS: (
        "2.264.1",
        "sha512-HNAyY0sIp39mg+HX11Cxys13FHS5pfA/C1Im7HmzDe/xj1hgwbCkKez/3zgvvEkkAO6453iruxJ10R0Ae+xN1g==",
    ),
    "axe-core": (
        "4.14.1",
        "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
    ),
}
"""Version, and npm's `integrity`, of each."""

TESTS: Final = ROOT / "tests" / "browser" / "vendor"
UNMODIFIED: Final = (
    ("preact", "dist/preact.mjs", VENDOR / "preact.mjs"),
    ("preact", "LICENSE", VENDOR / "preact.LICENSE"),
    ("htm", "dist/htm.mjs", VENDOR / "htm.mjs"),
    ("htm", "LICENSE", VENDOR / "htm.LICENSE"),
    (SIGNALS, "dist/signals-core.mjs", VENDOR / "signals-core.mjs"),
    (SIGNALS, "LICENSE", VENDOR / "signals-core.LICENSE"),
    (SLDS, "assets/icons/License-for-icons.txt", VENDOR / "icons" / "LICENSE.txt"),
    ("axe-core", "axe.min.js", TESTS / "axe.min.js"),
    ("axe-core", "LICENSE", TESTS / "axe.LICENSE"),
)
STYLES: Final = "assets/styles/salesforce-lightning-design-system.sanitized.css"
ICON: Final = re.compile(r"vendor/icons/(\w+)/(\w+)\.svg")
CLASS: Final = re.compile(r"slds-[\w-]+")


def main() -> None:
    """Fetch, check and copy everything, and write down what was copied."""
    ours = "\n".join(file.read_text() for file in _own())
    with tempfile.TemporaryDirectory() as scratch:
        packages = {name: _fetched(name, Path(scratch)) for name in PACKAGES}
        for name, source, target in UNMODIFIED:
            _copy(packages[name] / source, target)
        wanted = {(kind, icon) for kind, icon in ICON.findall(ours)}
        for stale in VENDOR.glob("icons/*/*.svg"):
            stale.unlink()
        for kind, icon in sorted(wanted):
            _copy(packages[SLDS] / "assets" / "icons" / kind / f"{icon}.svg", VENDOR / "icons" / kind / f"{icon}.svg")
        styles = purge((packages[SLDS] / STYLES).read_text(), set(CLASS.findall(ours)))
        (VENDOR / "slds.css").write_text(styles)
    (VENDOR / "README.md").write_text(_told())


def _own() -> Iterable[Path]:
    return (file for kind in ("js", "css", "html") for file in WEB.rglob(f"*.{kind}") if VENDOR not in file.parents)


def _fetched(name: str, scratch: Path) -> Path:
    """Fetch a package with npm, check it, unpack it. Raises SystemExit when it is not what was pinned."""
    version, integrity = PACKAGES[name]
    packed = subprocess.run(
        ["npm", "pack", "--silent", f"{name}@{version}"],
        cwd=scratch,
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    archive = scratch / packed.stdout.split()[-1]
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != integrity:
        raise SystemExit(f"{name} {version} is not what was pinned: sha512-{digest}")
    folder = scratch / archive.stem
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    return folder / "package"


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())


def _told() -> str:
    lines = [f"| `{name}` | {version} | `{integrity}` |" for name, (version, integrity) in PACKAGES.items()]
    return "\n".join(
        [
            "# Not ours",
            "",
            "Made by `python -m infra.web` from these npm packages; nothing here is edited by hand.",
            "",
            "| package | version | npm's integrity |",
            "|---|---|---|",
            *lines,
            "",
            "Modules and icons are unmodified. `slds.css` is the design system's sanitized style sheet without the rules for",
            "classes that the page does not use (BSD 3-Clause, © salesforce.com, inc.: `slds.LICENSE`). Icons: CC BY-ND 4.0",
            "(`icons/LICENSE.txt`). Preact and signals: MIT. htm: Apache 2.0. axe-core (MPL 2.0) is for the tests only, in",
            "`tests/browser/vendor`.",
            "",
        ]
    )


if __name__ == "__main__":
    main()
