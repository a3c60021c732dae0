"""The pages people read, in a real browser: they look as they were written, and no name in them does anything."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.clients.graph_house import GraphHouse
from tests.unit.files.test_person_files import contents
from waybill.files.index_page import write_index

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr",
)  # fmt: skip
_SAID = ":CONSOLE:"
_NOT_OURS = "non-JS module files deprecated"
"""Headless Chromium says this of a page of its own."""

pytestmark = pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium: apt-get install chromium")


class Elements(HTMLParser):
    """How many elements of each kind a page has, and the text of its headings."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.headings: list[str] = []
        self._open = ""
        self.feed(html)

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.found[tag] += 1
        self._open = tag if tag in ("h1", "h2", "h3") else self._open
        if tag == self._open:
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = "" if tag == self._open else self._open

    def handle_data(self, data: str) -> None:
        if self._open:
            self.headings[-1] += data


def drawn(url: str, folder: Path) -> tuple[Elements, list[str]]:
    """What the browser made of a page, and what its console said."""
    done = subprocess.run(
        [str(_CHROMIUM), *_QUIET, f"--user-data-dir={folder / 'profile'}", "--dump-dom", url],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if _SAID in line and _NOT_OURS not in line]
    return Elements(done.stdout), said


@pytest.fixture
def bait() -> Iterator[tuple[str, list[str]]]:
    """A server nothing should ask, and the paths it was asked for."""
    asked: list[str] = []

    class Asked(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name is the base class's
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Asked) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_names_on_the_index_page_do_nothing(tmp_path: Path, bait: tuple[str, list[str]]) -> None:
    """However names are written, the browser sees the elements of the same page with harmless names, runs
    nothing, fetches nothing and has nothing to complain of."""
    url, asked = bait
    attack = f'<script src={url}/a></script><img src=\'{url}/b\' onerror="document.title=1">"><link rel=icon href={url}/c>'
    pages = {"harmless": "x", "attacked": attack}
    seen = {}
    for name, text in pages.items():
        with (tmp_path / f"{name}.html").open("w", encoding="utf-8") as file:
            write_index(file, contents(text=text))
        seen[name] = drawn((tmp_path / f"{name}.html").as_uri(), tmp_path)
    assert seen["attacked"][0].found == seen["harmless"][0].found
    assert seen["attacked"][0].headings[0] == f"Personal data of Eve {attack}"
    assert [said for _, said in seen.values()] == [[], []]
    assert asked == []
    assert drawn(url, tmp_path)  # the recorder records
    assert asked


def test_the_documentation_page_is_drawn(graph_house: GraphHouse, tmp_path: Path) -> None:
    """/docs comes up in a browser as it is sent, with a heading for every call, under its own policy."""
    sent = Elements(graph_house.ask("/docs", token=None).body.decode())
    page, said = drawn(f"http://127.0.0.1:{graph_house.listening.port}/docs", tmp_path)
    assert said == []
    browsers_own = {"tbody"}  # a table may be written without it
    assert {tag: page.found[tag] for tag in page.found.keys() - browsers_own} == {
        tag: sent.found[tag] for tag in sent.found.keys() - browsers_own
    }
    assert page.headings == sent.headings
    assert len(page.headings) > 5
