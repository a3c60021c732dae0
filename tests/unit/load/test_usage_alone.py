"""A tenant of which usage reports alone are known: they are enough to ask for a report, and grow."""

from __future__ import annotations

from datetime import UTC, date, datetime

from tests.unit.load.load_parts import (
    FINANCE,
    GROUPS,
    HIDDEN,
    NOBODY,
    SALES,
    SITE_COLUMNS,
    House,
    group_row,
    report,
    site_row,
)

GROUPS_OF = (
    "SELECT p.entra_id, p.name, p.status, p.reported_users, u.visibility, u.mailbox_items "
    "FROM unified_group u JOIN principal p ON p.id = u.grp ORDER BY p.name"
)


def test_reports_alone_make_a_tenant(house: House) -> None:
    """Groups, their owners and the people of the reports become principals; nobody is put into a group."""
    rows = [group_row(), group_row("Sales", SALES, Is_Deleted="True"), group_row(HIDDEN, NOBODY)]
    house.drop("groups.csv", report(rows))
    house.drop("sites.csv", report([site_row("guest_fabrikam.com#EXT#@contoso.com")], SITE_COLUMNS))
    result = house.usage("newcomer")
    tenant = result.tenant
    assert house.query(result.snapshot, GROUPS_OF, tenant) == [
        (FINANCE, "Finance", "unresolved", 5, "Private", 0),
        (SALES, "Sales", "soft_deleted", 5, "Private", 0),
    ]
    people = "SELECT upn, external, status FROM principal WHERE kind = 'user' ORDER BY upn"
    assert house.query(result.snapshot, people, tenant) == [
        ("anna@contoso.com", False, "active"),
        ("guest_fabrikam.com#EXT#@contoso.com", True, "active"),
    ]
    owned = "SELECT g.name, u.upn FROM owner JOIN principal g ON g.id = grp JOIN principal u ON u.id = owner.principal ORDER BY 1"
    assert house.query(result.snapshot, owned, tenant) == [
        ("Finance", "anna@contoso.com"),
        ("Sales", "anna@contoso.com"),
    ]
    assert house.query(result.snapshot, "SELECT count(*) FROM member", tenant) == [(0,)]
    assert house.query(result.snapshot, "SELECT count(*) FROM usage_report", tenant) == [(3,)]
    assert house.query(result.snapshot, "SELECT count(*) FROM person_usage", tenant) == [(1,)]
    with house.registry.open(tenant, result.snapshot) as facts:
        assert facts.as_of == datetime(2026, 5, 30)  # noqa: DTZ001 - snapshots hold UTC without zone
        assert facts.latest_day == date(2026, 5, 30)
    assert house.registry.latest(tenant).source == "usage reports"


def test_later_reports_add_to_it(house: House) -> None:
    """Later reports add groups, and change what they tell of those that are known; its time moves on."""
    house.drop("groups.csv", report([group_row("Sales", SALES), group_row()]))
    tenant = house.usage("newcomer").tenant
    later = [
        group_row("Finance and more", Report_Refresh_Date="2026-06-06", Member_Count=9),
        group_row("Third", "10ad0000-0000-4000-8000-0000000000f3", Report_Refresh_Date="2026-06-06"),
    ]
    house.drop("groups.csv", report(later))
    result = house.usage("newcomer")
    assert [row[:4] for row in house.query(result.snapshot, GROUPS_OF, tenant)] == [
        (FINANCE, "Finance and more", "unresolved", 9),
        (SALES, "Sales", "unresolved", 5),
        ("10ad0000-0000-4000-8000-0000000000f3", "Third", "unresolved", 5),
    ]
    latest = house.registry.latest(tenant)
    assert (latest.id, latest.source) == (result.snapshot, "usage reports")
    assert latest.as_of.replace(tzinfo=UTC) == datetime(2026, 6, 6, tzinfo=UTC)
    described = "SELECT count(*) FROM described WHERE kind = 'm365_group'"
    assert house.query(result.snapshot, described, tenant) == [(3,)]


def test_the_oldest_form_makes_groups_by_name(house: House) -> None:
    """Where the report has no Group Id its groups are told apart by their names, and found again by them."""
    columns = tuple(name for name in group_row() if name != "Group Id")
    for _ in range(2):
        house.drop("x.csv", report([group_row(), group_row("Sales")], columns))
        result = house.usage("newcomer")
    names = [(row[0], row[1]) for row in house.query(result.snapshot, GROUPS_OF, result.tenant)]
    assert names == [(None, "Finance"), (None, "Sales")]


def test_a_known_directory_is_not_added_to(house: House) -> None:
    """Where another source told who there is, usage reports make no principals and change none."""
    source = house.found()
    house.drop("x.csv", report([group_row("Renamed"), group_row("Sales", SALES)]))
    result = house.usage()
    everybody = "SELECT * FROM principal ORDER BY id"
    assert house.query(result.snapshot, everybody) == house.query(source.id, everybody)
    assert house.query(result.snapshot, "SELECT count(*) FROM unified_group") == [(0,)]
    assert result.reports[GROUPS].taken == 2
