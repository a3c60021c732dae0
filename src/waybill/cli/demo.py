"""The demo: a practice tenant, a server, an application, both exports over real HTTP, and a look inside."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waybill import log
from waybill.cli import screen
from waybill.cli.peek import first_rows
from waybill.cli.remote import Server, target_of
from waybill.export import Export, Family, Received
from waybill.identity.directory_roles import GRAPH_APP_ROLES

if TYPE_CHECKING:
    from waybill.api.served import Listening
    from waybill.app import House
    from waybill.identity.apps import AppCredentials
    from waybill.settings import Settings

_SHOWN = {
    "People": ("Display Name", "Highest Permission", "Permission on Entire Site", "Access Path"),
    "Site Collections": ("Site Name", "Permission", "Granted Through", "Applies To", "Access Path"),
}
"""What the demo prints of a sheet: who, what, and why."""

_ROWS = 5
_ENDINGS = {2: "finished (status 2)", 4: "finished with exceptions (status 4)"}


@dataclass(frozen=True, slots=True)
class Up:
    """A server that answers, an application that may ask it for everything, and the house behind it."""

    url: str
    credentials: AppCredentials
    house: House


class Demo:
    """One demo on one data folder."""

    def __init__(self, settings: Settings, size: str, seed: int = 1) -> None:
        from waybill.app import open_house

        log.set_up(as_json=settings.log_json, level="WARNING")
        self._size = size
        self._seed = seed
        self._house = open_house(settings)

    def _prepare(self) -> AppCredentials:
        from waybill.cli.tenant_commands import publish_practice

        published = publish_practice(self._house.registry, self._size, self._seed)
        screen.err.print(f"Practice tenant {self._size!r}, snapshot {published.id}", markup=False)
        scopes = tuple(sorted({export.scope for export in self._house.catalog} | set(GRAPH_APP_ROLES)))
        return self._house.identity.apps.create("demo client", published.tenant, scopes)

    def _samples(self, tenant: str) -> dict[str, Received]:
        with self._house.open_latest(tenant) as facts:
            return {export.name: dict(export.sample(facts)) for export in self._house.catalog}

    @contextmanager
    def served(self) -> Iterator[Up]:
        """Practice tenant, application and server, for as long as the block lasts."""
        from waybill.api.served import serve
        from waybill.cli.server_commands import open_https

        credentials = self._prepare()
        self._house.start_jobs()
        ready = threading.Event()
        listening: list[Listening] = []

        def on_ready(up: Listening) -> None:
            listening.append(up)
            ready.set()

        settings = self._house.settings
        server = threading.Thread(
            target=serve,
            args=(self._house.web(), settings.host, settings.port, on_ready),
            kwargs={"tls": open_https(self._house)},
            daemon=True,
        )
        server.start()
        while not ready.wait(0.2):
            if not server.is_alive():
                raise SystemExit("waybill: the demo server did not start; see the error above.")
        try:
            screen.err.print(f"Server on {listening[0].url}", markup=False)
            yield Up(listening[0].url, credentials, self._house)
        finally:
            listening[0].stop()
            server.join(15)
            self._house.jobs.shutdown(grace=5)

    def run(self) -> dict[str, Any]:
        """Everything once, over HTTP as a client would; returns what the files hold."""
        with self.served() as up:
            return {"tenant": up.credentials.tenant, "files": self.insights(up)}

    def insights(self, up: Up) -> dict[str, Any]:
        """The exports that answer with a workbook, as their clients ask for them."""
        samples = self._samples(up.credentials.tenant)
        wanted = [export for export in self._house.catalog if export.family is Family.INSIGHTS]
        return {
            export.name: self._ask(up.url, up.credentials, export, samples[export.name]) for export in wanted
        }

    def _ask(
        self, url: str, credentials: AppCredentials, export: Export, received: Received
    ) -> dict[str, Any]:
        server = Server(url, credentials.client_id, credentials.client_secret, export.scope)
        try:
            number = server.start(export, received)
            job = server.follow(number, export.title)
            folder = self._house.settings.data / "exports"
            path = server.download(number, None, folder)
        finally:
            server.close()
        sheets: dict[str, int] = dict(job.progress.get("sheets") or {})
        screen.out.print(
            f"\n{export.title}: job {number}, {_ENDINGS.get(job.status, 'not finished')}. {job.message}".rstrip(),
            markup=False,
        )
        screen.table(str(path), ("Sheet", "Rows"), [(name, f"{rows:,}") for name, rows in sheets.items()])
        for sheet, columns in _SHOWN.items():
            if sheet in sheets:
                _show(path, sheet, columns)
        return {"job": number, "status": job.status, "file": str(path), "rows": sheets}

    def keep_serving(self) -> dict[str, Any]:
        """Serve the practice tenant until stopped, with curl lines to paste."""
        from waybill.cli.server_commands import serve_house

        credentials = self._prepare()
        samples = self._samples(credentials.tenant)

        def print_lines(up: Listening) -> None:
            for line in self._curl_lines(up.url, credentials, samples):
                screen.out.print(line, markup=False)

        serve_house(self._house, print_lines)
        return {"tenant": credentials.tenant}

    def _curl_lines(self, url: str, credentials: AppCredentials, samples: dict[str, Received]) -> list[str]:
        scope = self._house.catalog[0].scope
        token = (
            f"TOKEN=$(curl -s {url}/connect/token -d grant_type=client_credentials -d client_id={credentials.client_id} "
            f"-d client_secret={shlex.quote(credentials.client_secret)} -d scope={scope} "
            f"| {_member('access_token')})"
        )
        bearer = 'curl -s -H "Authorization: Bearer $TOKEN"'
        lines = [
            "",
            "Paste these into another terminal; JOB is the number of the last export asked for:",
            "",
            token,
        ]
        for export in self._house.catalog:
            if export.family is not Family.INSIGHTS:
                continue
            asked = shlex.quote(url + target_of(export, samples[export.name]))
            lines.append(f"JOB=$({bearer} {asked} | {_member('jobId')}); echo job $JOB")
        lines += [
            f"{bearer} {url}/insights/job/$JOB/exportstatus",
            f"{bearer} -OJ {url}/insights/job/$JOB/exportfile",
            "",
        ]
        return lines


def _member(name: str) -> str:
    """A shell command that prints one member of the JSON object it reads."""
    return f"python3 -c 'import json,sys; print(json.load(sys.stdin)[\"{name}\"])'"


def _show(path: Path, sheet: str, columns: tuple[str, ...]) -> None:
    rows = first_rows(path, sheet, _ROWS)
    screen.table(
        f"{sheet}, first {len(rows)}", columns, [[row.get(column, "") for column in columns] for row in rows]
    )
