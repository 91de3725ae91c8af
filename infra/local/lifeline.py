"""Run a module that ends when its parent does: `python -m infra.local.lifeline MODULE ARGUMENT …`.

The supervisor holds the other end of standard input. However it ends, even by `kill -9`, the pipe closes, and what it started
stops in good order: no process is left behind.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def _watch() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_watch, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
