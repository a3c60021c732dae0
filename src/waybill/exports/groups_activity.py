"""The groups activity report: what happened in each Microsoft 365 group over a period, or on a day.

Wire: graph.md 6; columns: 6.3; semantics: 6.4. Rows come by display name (by code point, nameless
groups last), then by group id; the rows of a report that Microsoft made keep their order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from waybill.errors import BadRequest
from waybill.export import Access, Export, Facts, Family, Field, Received, Rows, Table, Where
from waybill.exports.groups_activity_columns import COLUMNS, IDS, JSON_ONLY, MEMBERS, NAMES

PERIODS = (7, 30, 90, 180)
KNOWN_DAYS = 180
"""As far back as activity is known, and looked at for Last Activity Date."""
WINDOW_DAYS = 28
"""How far back a single date may lie; Microsoft's page says 30, its service enforces 28 (graph.md 6.1)."""
ONE_DAY_LABEL = "1"
"""Report Period of a report on one date."""

NOTHING_TOLD = (
    "Nothing that was loaded tells of activity in this period; load it with `waybill ingest usage`."
)

_PERIOD = Field(
    "period",
    "period",
    "D7, D30, D90 or D180: the days up to the last complete one.",
    Where.CALL,
    choices=tuple(f"D{days}" for days in PERIODS),
    quoted=True,
)
_DATE = Field(
    "date",
    "date",
    f"One day, YYYY-MM-DD, of the past {WINDOW_DAYS}: only groups with activity on it.",
    Where.CALL,
)
_DAYS = re.compile(r"[Dd]([0-9]{1,3})", re.ASCII)
_CALENDAR_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class GroupsActivityRequest:
    """Either a number of days, or one day; the other is 0 or None."""

    days: int
    day: date | None


def read(received: Received) -> GroupsActivityRequest:
    """Raises BadRequest; with a field only if the call has the right shape (graph.md 6.1)."""
    periods, dates = received.get(_PERIOD.wire, ()), received.get(_DATE.wire, ())
    if len(periods) + len(dates) != 1:
        raise BadRequest("The report takes exactly one of period and date.", "Give period='D7', for example.")
    if dates:
        return GroupsActivityRequest(0, _read_day(dates[0].strip()))
    text = periods[0].strip()
    found = _DAYS.fullmatch(text)
    if found is None or int(found[1]) not in PERIODS or found[1].startswith("0"):
        raise BadRequest(
            f"Invalid period value specified: {_shorten(text)}.",
            f"Only support data for the periods {', '.join(_PERIOD.choices)}.",
            _PERIOD.wire,
        )
    return GroupsActivityRequest(int(found[1]), None)


def _read_day(text: str) -> date:
    try:
        if _CALENDAR_DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # the words below also fit a day that no calendar has
    raise BadRequest(f"{_shorten(text)} is not a date.", "Give it as YYYY-MM-DD.")


def _shorten(text: str) -> str:
    """A caller's text, safe to repeat: printable and short."""
    return re.sub(r"[^\x20-\x7e]", "?", text)[:40]


def admit(request: GroupsActivityRequest, facts: Facts) -> None:
    """Raises BadRequest for a day outside the window, which moves with today's date (UTC)."""
    if request.day is None:
        return
    if not facts.today - timedelta(days=WINDOW_DAYS) <= request.day <= facts.today:
        raise BadRequest(
            f"Invalid date value specified: {request.day.isoformat()}.",
            f"Only support data for the past {WINDOW_DAYS} days.",
            _DATE.wire,
        )


@dataclass(frozen=True, slots=True)
class _Known:
    """How far the facts reach: the last complete day, and Microsoft's own report if it is as new."""

    refresh: date
    told: bool
    loaded: bool = False
    concealed: bool = False


def _known(request: GroupsActivityRequest, facts: Facts) -> _Known:
    until, newest, concealed = facts.table("groups_activity/refreshed", period=request.days)[0]
    computed = None if until is None else min(until, facts.latest_day)
    if newest is not None and (computed is None or newest >= computed):
        return _Known(newest, told=True, loaded=True, concealed=concealed)
    if computed is not None:
        return _Known(computed, told=True)
    lag = facts.today - facts.latest_day
    return _Known(min(facts.as_of.date() - lag, facts.latest_day), told=False)


def report(request: GroupsActivityRequest, facts: Facts) -> Table:
    """The table; from Microsoft's own report where one is loaded that is at least as new as our facts."""
    known = _known(request, facts)
    # What was concealed at its source has pseudonyms for names already: they stay as they are.
    masked = known.loaded and known.concealed
    return Table(
        entity="office365GroupsActivityDetail",
        columns=COLUMNS,
        members=MEMBERS,
        rows=_loaded(request, facts, known) if known.loaded else _computed(request, facts, known),
        json_only=JSON_ONLY,
        names=frozenset() if masked else NAMES,
        ids=frozenset() if masked else IDS,
        gaps=_gaps(request, known),
    )


def _gaps(request: GroupsActivityRequest, known: _Known) -> tuple[str, ...]:
    if not known.told:
        return (NOTHING_TOLD,)
    if request.day is not None and request.day > known.refresh:
        until = known.refresh.isoformat()
        return (f"Activity is held up to {until}; what happened on {request.day.isoformat()} is not known.",)
    return ()


def _loaded(request: GroupsActivityRequest, facts: Facts, known: _Known) -> Rows:
    return lambda: facts.rows("groups_activity/loaded", COLUMNS, period=request.days, refresh=known.refresh)


def _computed(request: GroupsActivityRequest, facts: Facts, known: _Known) -> Rows:
    since = request.day or known.refresh - timedelta(days=request.days - 1)
    return lambda: facts.rows(
        "groups_activity/computed",
        COLUMNS,
        since=since,
        until=request.day or known.refresh,
        refresh=known.refresh,
        known=known.refresh - timedelta(days=KNOWN_DAYS - 1),
        active_only=request.day is not None,
        label=str(request.days) if request.day is None else ONE_DAY_LABEL,
    )


def sample(_facts: Facts) -> dict[str, tuple[str, ...]]:
    return {_PERIOD.wire: ("D30",)}


EXPORT = Export(
    name="groups-activity",
    title="Microsoft 365 groups activity report",
    description="Each Microsoft 365 group with its owner, members and storage, and what happened in it over a period: "
    "mail received, files worked on, Yammer messages. Answers with a CSV file, or on /beta with JSON pages. "
    "Member counts are direct members that are users, as of the snapshot.",
    family=Family.GRAPH_REPORT,
    path="/reports/getOffice365GroupsActivityDetail",
    file_stem="Office365GroupsActivityDetail",
    fields=(_PERIOD, _DATE),
    read=read,
    admit=admit,
    report=report,
    sample=sample,
    versions=("v1.0", "beta"),
    access=Access(
        app_roles=("Reports.Read.All",),
        scopes=("Reports.Read.All",),
        directory_roles=frozenset(
            {
                "62e90394-69f5-4237-9190-012177145e10",  # Global Administrator
                "29232cdf-9323-42fd-ade2-1d097af3e4de",  # Exchange Administrator
                "f28a1f50-f6e7-4571-818b-6a12f2af6b6c",  # SharePoint Administrator
                "75941009-915a-4869-abe7-691bff18279e",  # Skype for Business Administrator
                "69091246-20e8-4a56-aa4d-066075b2a7a8",  # Teams Administrator
                "baf37b3a-610e-45da-9e62-d9d1e5e8914b",  # Teams Communications Administrator
                "f2ef992c-3afb-46b9-b7cf-a126ee74c451",  # Global Reader
                "4a5d8f65-41da-4de4-8968-e035b65339cf",  # Reports Reader
            }
        ),
    ),
)
