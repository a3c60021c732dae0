"""Start a Waybill server for a case, as a process that ends with the case, and get a token from it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.parse
import urllib.request
from contextlib import ExitStack
from typing import Any

from benchmarks.place import ROOT


def start_server(stack: ExitStack, module: str, *words: str) -> dict[str, Any]:
    """Run `python -m module`; what it says of itself in its first line, a JSON object. Raises RuntimeError if it says nothing."""
    command = [sys.executable, "-m", module, *words]
    process = stack.enter_context(
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    )
    stack.callback(process.terminate)
    line = process.stdout.readline() if process.stdout is not None else ""
    if not line:
        raise RuntimeError("the server did not start")
    told: dict[str, Any] = json.loads(line)
    return told


def token_from(address: str, client: str, secret: str, scope: str) -> str:
    """An access token for an app of that server, by its secret."""
    form = {
        "grant_type": "client_credentials",
        "client_id": client,
        "client_secret": secret,
        "scope": scope,
    }
    with urllib.request.urlopen(address, urllib.parse.urlencode(form).encode()) as answer:  # noqa: S310  # our own server
        return str(json.load(answer)["access_token"])
