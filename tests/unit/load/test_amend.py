"""An amended snapshot is the published one with what was changed, published like any other, or nothing."""

from __future__ import annotations

import pytest

from tests.unit.load.load_parts import TENANT, House
from waybill.errors import Conflict, DataProblem
from waybill.tenant.amend import Amendment, Change


def amended(house: House) -> Amendment:
    return house.registry.amend(house.registry.tenant("contoso"))


def test_an_amendment_changes_what_it_says_and_nothing_else(house: House) -> None:
    """All tables but the changed one and `meta` are those of the source, row for row; the source is untouched."""
    source = house.found()
    before = house.whole(source.id)
    amendment = amended(house)
    amendment.connection.execute("DELETE FROM drive_item")
    made = house.registry.publish_amended(house.registry.tenant("contoso"), amendment, Change("files"), "aa")
    after = house.whole(made.id)
    assert after.pop("drive_item") == []
    assert after.pop("meta") == sorted(line.replace("'mgdc'", "'mgdc + files'") for line in before["meta"])
    assert after == {name: rows for name, rows in before.items() if name not in ("drive_item", "meta")}
    assert house.whole(source.id) == before
    assert (made.as_of, made.source, made.origin) == (source.as_of, "mgdc + files", "mgdc")
    assert made.id != source.id
    assert house.registry.latest(TENANT).id == made.id
    assert house.leftovers() == []


def test_derived_tables_can_be_computed_anew(house: House) -> None:
    """With `derive` the derived tables follow the base tables; where these are the same, so are those."""
    source = house.found()
    tenant = house.registry.tenant("contoso")
    same = house.registry.publish_amended(tenant, amended(house), Change("nothing", derive=True), "aa")
    before, after = house.whole(source.id), house.whole(same.id)
    assert {**after, "meta": []} == {**before, "meta": []}
    amendment = amended(house)
    amendment.connection.execute("INSERT INTO member VALUES (6, 5)")
    more = house.registry.publish_amended(tenant, amendment, Change("more", derive=True), "aa")
    assert house.query(more.id, "SELECT usr FROM group_person ORDER BY 1") == [(0,), (2,), (5,)]


def test_a_source_tells_an_addition_once(house: House) -> None:
    """The same kind of addition, made twice, is one word in the snapshot's source."""
    house.found()
    tenant = house.registry.tenant("contoso")
    for added in ("files", "usage reports", "files"):
        made = house.registry.publish_amended(tenant, amended(house), Change(added), "aa")
    assert made.source == "mgdc + files + usage reports"


def test_the_same_addition_is_the_same_snapshot(house: House) -> None:
    """The digest of an amendment follows from its source and what was put in, not from when it was made."""
    source = house.found()
    tenant = house.registry.tenant("contoso")
    first = house.registry.publish_amended(tenant, amended(house), Change("files"), "aa")
    house.found()  # makes the source the latest again
    assert house.registry.latest(TENANT).id == source.id
    again = house.registry.publish_amended(tenant, amended(house), Change("files"), "aa")
    house.found()
    other = house.registry.publish_amended(tenant, amended(house), Change("files"), "bb")
    assert first.id == again.id != other.id


def test_two_at_once_do_not_lose_each_other(house: House) -> None:
    """Of two amendments of one snapshot the second to end is refused, and the first stays published."""
    house.found()
    tenant = house.registry.tenant("contoso")
    first, second = amended(house), amended(house)
    made = house.registry.publish_amended(tenant, first, Change("files"), "aa")
    with pytest.raises(Conflict, match="Another ingest"):
        house.registry.publish_amended(tenant, second, Change("usage reports"), "bb")
    second.abandon()
    assert house.registry.latest(TENANT).id == made.id
    assert len(house.registry.snapshots(TENANT)) == 2
    assert len(list(house.folder.glob("snapshots/*/*"))) == 2


def test_nothing_to_amend_is_said(house: House) -> None:
    """A tenant without a snapshot, or with one that is damaged or gone, is told apart in words."""
    tenant = house.registry.ensure_tenant("contoso", TENANT)
    with pytest.raises(Conflict, match="no snapshot yet"):
        house.registry.amend(tenant)
    path = house.registry.path(TENANT, house.found().id)
    path.write_bytes(b"rubbish" * 1000)
    with pytest.raises(DataProblem, match="damaged"):
        house.registry.amend(tenant)
    path.unlink()
    with pytest.raises(DataProblem, match="gone from disk"):
        house.registry.amend(tenant)
    assert house.leftovers() == []


def test_another_format_is_not_amended(house: House) -> None:
    """A snapshot of another format is refused with the way out."""
    house.found()
    tenant = house.registry.tenant("contoso")
    amendment = amended(house)
    amendment.meta["format"] = "1"
    house.registry.publish_amended(tenant, amendment, Change("files"), "aa")
    with pytest.raises(DataProblem, match=r"format 1.*Ingest the tenant again"):
        house.registry.amend(tenant)
    assert house.leftovers() == []


def test_contents_in_use_are_those_of_all_snapshots(house: House) -> None:
    """A content that only an older snapshot names is in use; a damaged snapshot leaves it open, and says so."""
    source = house.found()
    amendment = amended(house)
    amendment.connection.execute("UPDATE drive_item SET content = 'sha256:new' WHERE owner = 0")
    house.registry.publish_amended(house.registry.tenant("contoso"), amendment, Change("files"), "aa")
    assert house.registry.contents_in_use() == {"practice:1:1:3", "practice:1:2:3", "sha256:new"}
    house.registry.path(TENANT, source.id).write_bytes(b"rubbish" * 1000)
    with pytest.raises(DataProblem, match=source.id):
        house.registry.contents_in_use()
