"""Delivery into a real storage emulator: everything arrives, exactly, and nothing twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.azurite import Azurite, running_azurite
from tests.local_tls import make_certificate
from tests.unit.delivery.delivery_parts import (
    content,
    digests,
    network,
    nothing,
    outgoing,
    outgoings,
    send,
    told,
)
from waybill.delivery.container import Container, Sizes
from waybill.delivery.journal import Journal
from waybill.delivery.locations import parse_location
from waybill.delivery.outgoing import DeliveryFailed, Outgoing, Undelivered
from waybill.errors import ContentMissing, DataProblem

SMALL_SIZES = Sizes(whole=1000, block=4000, files=4, blocks=2, at_once=4000)
ODD_NAMES = (
    "20/Überblick é 日本語 😀.json",
    "30/a b+c%25d&e=f;g,h'i(j)!k~l$m@n:o#p?q[r]s.txt",
    "30/%2e%2e/%2F.txt",
    "30/ leading and trailing .txt ",
    "30/a//b".replace("//", "/"),
    "30/" + "x" * 900,
)


class Stop(BaseException):
    """What a process that must end raises from `wrote`."""


def test_many_files_and_a_large_one_arrive_exactly(azurite: Azurite, tmp_path: Path) -> None:
    """Everything arrives under its name, byte for byte, and is told with its size and SHA-256."""
    files = {f"10/file {n}.bin": content(n * 37, n) for n in range(150)}
    files |= {name: content(50, 1) for name in ODD_NAMES}
    files |= {"20/large.bin": content(40 * 2**20, 7), "20/last.json": b"[]"}
    container = azurite.container()
    sent = send(azurite.sas_url(container), azurite.rules, outgoings(files), tmp_path / "journal")
    assert told(sent) == digests(files)
    assert azurite.digests(container) == digests(files)


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 3999, 4000, 4001, 8000, 12_001])
def test_every_size_around_a_border_arrives_exactly(azurite: Azurite, tmp_path: Path, size: int) -> None:
    """A file of any size arrives whole, whether it goes by one call or by blocks, full or not."""
    container, files = azurite.container(), {"a": content(size)}
    chunked = iter([outgoing("a", files["a"], chunk=301)])
    send(azurite.sas_url(container), azurite.rules, chunked, tmp_path / "journal", sizes=SMALL_SIZES)
    assert azurite.digests(container) == digests(files)


def test_over_tls_with_an_authority_of_ones_own(tmp_path: Path) -> None:
    """Over https the host's certificate is verified: by the authority given it works, without it fails."""
    certificate = make_certificate(tmp_path)
    with running_azurite(certificate) as azurite:
        container, files = azurite.container(), {"a": content(10), "b": content(5000)}
        url = azurite.sas_url(container, protocol="https")
        with pytest.raises(DeliveryFailed, match="did not answer"):
            send(url, azurite.rules, outgoings(files), tmp_path / "one", over=network())
        assert azurite.names(container) == []
        send(url, azurite.rules, outgoings(files), tmp_path / "two", sizes=SMALL_SIZES)
        assert azurite.digests(container) == digests(files)


def test_an_interrupted_delivery_is_taken_up(azurite: Azurite, tmp_path: Path) -> None:
    """After an end at any moment the next run completes the container; what had arrived is not opened again."""
    files = {f"{n}": content(300 + n, n) for n in range(30)} | {"large": content(20_000, 99)}
    opened: list[str] = []

    def noted(file: Outgoing) -> Outgoing:
        def chunks() -> Iterator[bytes]:
            opened.append(file.path)
            return file.open()

        return Outgoing(file.path, file.size, chunks)

    container = azurite.container()
    url, journal = azurite.sas_url(container), tmp_path / "journal"
    told_so: list[str] = []
    for limit in (1, 7, 13, 20, 25, 31, 33, 34, 36, 1000):
        calls = 0

        def wrote(_path: str, size: int, limit: int = limit) -> None:
            nonlocal calls
            calls += size > 0
            if calls == limit:
                raise Stop

        opened.clear()
        try:
            told_so = list(
                told(
                    send(
                        url,
                        azurite.rules,
                        map(noted, outgoings(files)),
                        journal,
                        sizes=SMALL_SIZES,
                        wrote=wrote,
                    )
                )
            )
            break
        except Stop:
            with Journal(journal) as kept:
                assert {path for path in files if kept.arrived(path)} <= set(azurite.names(container))
    assert sorted(told_so) == sorted(files)
    assert "0" not in opened
    assert azurite.digests(container) == digests(files)


def test_leaving_drops_what_is_under_way(azurite: Azurite, tmp_path: Path) -> None:
    """A delivery that is given up leaves no thread behind, and what its journal calls done is there."""
    container, files = azurite.container(), {f"{n}": content(300, n) for n in range(40)}
    target = Container(parse_location(azurite.sas_url(container), azurite.rules), network(), SMALL_SIZES)
    with Journal(tmp_path / "journal") as journal:
        delivering = iter(target.deliver(outgoings(files), journal, nothing))
        next(delivering)
        delivering.close()  # type: ignore[attr-defined]  # the iterator is a generator
        arrived = [path for path in files if journal.arrived(path)]
    assert [thread.name for thread in threading.enumerate() if thread.name == "waybill-uplink"] == []
    assert arrived
    assert set(arrived) <= set(azurite.names(container))


def test_a_file_without_content_is_left_out_alone(azurite: Azurite, tmp_path: Path) -> None:
    """A file whose bytes cannot be had, at once or in the middle, leaves nothing; the others arrive."""

    def missing(before: int) -> Iterator[bytes]:
        yield content(before)
        raise ContentMissing("It was not kept.")

    files = [outgoing("a", b"a")]
    files += [Outgoing(f"gone/{n}", None, lambda n=n: missing(n)) for n in (0, 10, 5000, 30_000)]  # type: ignore[misc]  # a lambda's default has no declared type
    files += [Outgoing(name, 1, lambda: iter([b"x"])) for name in ("a//b", "../x", "x.", "n\n", "y" * 1025)]
    files += [outgoing("z", b"z")]
    container = azurite.container()
    sent = send(
        azurite.sas_url(container), azurite.rules, iter(files), tmp_path / "journal", sizes=SMALL_SIZES
    )
    left_out = {result.path: result.reason for result in sent if isinstance(result, Undelivered)}
    assert sorted(left_out) == sorted(file.path for file in files if file.path not in "az")
    assert left_out["gone/10"] == "It was not kept."
    assert azurite.names(container) == ["a", "z"]


@pytest.mark.parametrize("size", [10, 9000])
def test_content_that_vanishes_between_two_runs_is_taken_away(
    azurite: Azurite, tmp_path: Path, size: int
) -> None:
    """If a file arrived in a run that was cut short and cannot be read in the next, it is deleted; where
    the SAS does not allow that, the delivery fails rather than lies."""

    def gone() -> Iterator[bytes]:
        raise ContentMissing("It was not kept.")

    for permissions, kept in (("acwd", []), ("acw", ["a"])):
        container = azurite.container()
        url, path = azurite.sas_url(container, permissions), tmp_path / f"journal-{permissions}"
        send(url, azurite.rules, outgoings({"a": content(size)}), path, sizes=SMALL_SIZES)
        path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])  # as if killed before "done"
        if kept:
            with pytest.raises(DeliveryFailed, match="cannot be taken away"):
                send(url, azurite.rules, iter([Outgoing("a", 1, gone)]), path)
        else:
            sent = send(url, azurite.rules, iter([Outgoing("a", 1, gone)]), path)
            assert sent == [Undelivered("a", "It was not kept.")]
        assert azurite.names(container) == kept


@pytest.mark.parametrize("size", [10, 9000])
def test_what_somebody_else_wrote_is_not_overwritten(azurite: Azurite, tmp_path: Path, size: int) -> None:
    """A blob that stands under a name of ours and is not ours ends the delivery, and stays as it was."""
    container = azurite.container()
    azurite.put(container, "b", b"theirs")
    with pytest.raises(DeliveryFailed, match=r"a file b that this export did not write"):
        send(
            azurite.sas_url(container),
            azurite.rules,
            outgoings({"a": b"a", "b": content(size)}),
            tmp_path / "journal",
            sizes=SMALL_SIZES,
        )
    assert azurite.blob(container, "b") == b"theirs"


@pytest.mark.parametrize(
    ("permissions", "expires", "says"),
    [("acw", timedelta(hours=-1), "expired at"), ("acl", timedelta(hours=1), r"write permission \(w\)")],
)
def test_a_refused_delivery_says_what_the_sas_lacks(
    azurite: Azurite, tmp_path: Path, permissions: str, expires: timedelta, says: str
) -> None:
    """Storage says 403 to everything; the error names the reason, and holds no part of the SAS."""
    url = azurite.sas_url(azurite.container(), permissions, expires=expires)
    files = outgoings({"large": content(5000)})
    with pytest.raises(DeliveryFailed, match=says) as caught:
        send(url, azurite.rules, files, tmp_path / "journal", sizes=SMALL_SIZES)
    signature = url.partition("sig=")[2]
    assert signature[:12] not in repr(caught.value) + str(caught.value.__cause__)


def test_a_container_that_is_gone_fails_in_words(azurite: Azurite, tmp_path: Path) -> None:
    """A container deleted in the meantime ends the delivery with that reason."""
    url = azurite.sas_url("never-made")
    with pytest.raises(DeliveryFailed, match="not there any more"):
        send(url, azurite.rules, outgoings({"a": b"a"}), tmp_path / "journal")


def test_a_sas_that_dies_midway_fails_with_its_reason(azurite: Azurite, tmp_path: Path) -> None:
    """What had arrived before the SAS expired stays whole; the error says when it expired."""
    container, lives = azurite.container(), timedelta(seconds=2)
    url = azurite.sas_url(container, expires=lives)
    expires = parse_location(url, azurite.rules).sas.expires
    assert expires is not None

    def files() -> Iterator[Outgoing]:
        yield outgoing("before", b"1")
        while datetime.now(UTC) < expires + timedelta(seconds=0.1):
            time.sleep(0.05)
        yield outgoing("after", b"2")

    with pytest.raises(DeliveryFailed, match=f"expired at {expires:%Y-%m-%d %H:%M:%S}"):
        send(url, azurite.rules, files(), tmp_path / "journal")
    assert azurite.names(container) == ["before"]


def test_progress_is_told_while_storage_is_slow(azurite: Azurite, tmp_path: Path) -> None:
    """Bytes told by `wrote` add up to what arrived, all in the thread that asked for the delivery."""
    files = {"a": content(900, 1), "b": content(9000, 2), "c": b""}
    heard: list[tuple[str, int]] = []
    threads: set[str] = set()

    def wrote(path: str, size: int) -> None:
        heard.append((path, size))
        threads.add(threading.current_thread().name)

    url = azurite.sas_url(azurite.container())
    send(url, azurite.rules, outgoings(files), tmp_path / "journal", sizes=SMALL_SIZES, wrote=wrote)
    summed = {path: sum(size for name, size in heard if name == path) for path in files}
    assert summed == {path: len(data) for path, data in files.items()}
    assert threads == {threading.current_thread().name}


def test_two_files_of_one_path_are_a_fault(azurite: Azurite, tmp_path: Path) -> None:
    """An export that names two files alike is stopped: one would silently replace the other."""
    url = azurite.sas_url(azurite.container())
    with pytest.raises(DataProblem, match="two files named a"):
        send(url, azurite.rules, iter([outgoing("a", b"1"), outgoing("a", b"2")]), tmp_path / "journal")
