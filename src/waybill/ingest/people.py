"""Tell which person of a snapshot a user principal name means, for sources that know people by it alone."""

from __future__ import annotations

from importlib import resources

import duckdb


def name_people(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary table `person_by_upn`: upn_key, person (principal id), candidates.

    Names are compared by `upn_key_sql`. Where several accounts have one name, as after a person was
    deleted and made again, the one in use is meant; if that leaves several, `candidates` is above 1 and
    nobody is meant.
    """
    connection.execute(
        resources.files("waybill.ingest").joinpath("person_by_upn.sql").read_text("utf-8"),
    )


def upn_key_sql(expression: str) -> str:
    """A user principal name as it is compared: without regard to case, blanks around it and Unicode form."""
    return f"lower(nfc_normalize(trim({expression})))"
