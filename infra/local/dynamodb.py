"""AWS's own DynamoDB Local, for the local stack and the tests: fetched once, started on a free port, stopped at the end.

The npm package `amplify-dynamodb-simulator` carries the jar. It is pinned and checked before it is unpacked, and kept in
`$XDG_CACHE_HOME/reminder-sync` (`~/.cache/reminder-sync`). It needs npm once, and Java 17 always.

Run it by itself: `python -m infra.local.dynamodb [port] [data folder]`.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Final, TypedDict

from reminders.ledger.items import bind

PACKAGE: Final = "amplify-dynamodb-simulator"
VERSION: Final = "2.9.30"
SHA256: Final = "3503ffac19f183407909fecdacf4db51ab1fdad1da7b2f177016670b2d80e4b9"
JAVA: Final = 17
START_SECONDS: Final = 60
FETCH_SECONDS: Final = 300


class Unavailable(RuntimeError):
    """DynamoDB Local cannot be had here; the message says what is missing."""


class TableNames(TypedDict):
    """The four tables of one ledger, as `open_ledger` takes them."""

    reminders: str
    links: str
    history: str
    state: str


def unavailable_reason() -> str | None:
    """Say why DynamoDB Local cannot run here, or None. Downloads nothing."""
    try:
        _java()
    except Unavailable as reason:
        return str(reason)
    if not _home().is_dir() and not shutil.which("npm"):
        return f"DynamoDB Local is not in {_home()}, and there is no npm to fetch it with"
    return None


def create_tables(*, reminders: str, links: str, history: str, state: str) -> None:
    """Create the four tables as the models declare them, on the DynamoDB that botocore's environment names. For tests."""
    items = bind(reminders=reminders, links=links, history=history, state=state)
    for model in (items.reminder, items.link, items.history, items.settings):
        model.create_table()


@contextmanager
def running(port: int = 0, data_folder: Path | None = None) -> Iterator[str]:
    """Run an engine and give its address; in memory, unless it gets a folder. Port 0 is a free one. Raises Unavailable."""
    java, home = _java(), _fetched()
    port = port or _free_port()
    store = ["-dbPath", str(data_folder)] if data_folder else ["-inMemory"]
    if data_folder:
        data_folder.mkdir(parents=True, exist_ok=True)
    thrifty = [
        "-Xmx512m",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
    ]  # it lives for minutes: a third less of the processor
    command = [java, *thrifty, "-Djava.library.path=DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar", "-sharedDb"]
    with tempfile.TemporaryFile() as log:
        engine = subprocess.Popen(
            [*command, "-disableTelemetry", *store, "-port", str(port)], cwd=home, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            if not _answers(port, engine):
                log.seek(0)
                raise Unavailable(f"DynamoDB Local did not start: {log.read()[-2000:].decode(errors='replace')}")
            yield f"http://127.0.0.1:{port}"
        finally:
            engine.terminate()
            try:
                engine.wait(timeout=5)
            except subprocess.TimeoutExpired:
                engine.kill()
                engine.wait()


def _home() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "reminder-sync" / f"dynamodb-local-{VERSION}"


def _java() -> str:
    java = shutil.which("java")
    if not java:
        raise Unavailable(f"DynamoDB Local needs Java {JAVA} or later, and there is no java on the PATH")
    shown = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False).stderr
    version = re.search(r'version "(\d+)', shown)
    if not version or int(version[1]) < JAVA:
        raise Unavailable(f"DynamoDB Local needs Java {JAVA} or later, and {java} is {shown.splitlines()[:1]}")
    return java


def _fetched() -> Path:
    """Give the folder with the jar, fetching it if need be. Of several who fetch at once, one moves its copy into place."""
    home = _home()
    if home.is_dir():
        return home
    npm = shutil.which("npm")
    if not npm:
        raise Unavailable(f"DynamoDB Local is not in {home}, and there is no npm to fetch it with")
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as folder:
        command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", folder]
        packed = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, cwd=folder, check=False)
        if packed.returncode:
            raise Unavailable(f"npm could not fetch {PACKAGE}: {packed.stderr.strip()[-500:]}")
        archive = Path(folder) / f"{PACKAGE}-{VERSION}.tgz"
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        if found != SHA256:
            raise Unavailable(f"{archive.name} has SHA-256 {found}, not {SHA256}: it was not unpacked")
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        try:
            (Path(folder) / "package" / "emulator").rename(home)
        except OSError:
            if not home.is_dir():
                raise
    return home


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int, engine: subprocess.Popen[bytes]) -> bool:
    """Wait until it answers anything at all (unsigned, that is a refusal)."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and engine.poll() is None:
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=2)) as connection:
                connection.request("GET", "/")
                connection.getresponse().read()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


if __name__ == "__main__":
    with running(int((sys.argv[1:] or ["8000"])[0]), Path(sys.argv[2]) if sys.argv[2:] else None) as address:
        print(f"DynamoDB Local on {address}; Ctrl-C stops it")
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
