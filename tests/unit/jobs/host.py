"""A process that runs jobs on a data folder until SIGTERM; `run` takes DATA and GRACE."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from tests.unit.jobs.toy import jobs_in, means
from waybill import log
from waybill.errors import WaybillError
from waybill.settings import Settings

REFUSED = 3


def main(data: Path, grace: float) -> int:
    log.set_up(as_json=True)
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    settings = Settings(data=data)
    jobs = jobs_in(settings)
    try:
        jobs.start(means(settings))
    except WaybillError as error:
        print(error, flush=True)
        return REFUSED
    print("ready", flush=True)
    asked.wait()
    if not jobs.shutdown(grace):
        os._exit(0)
    return 0


def run() -> int:
    """The same with the arguments of a command line."""
    return main(Path(sys.argv[1]), float(sys.argv[2]))
