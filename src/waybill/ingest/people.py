"""Tell which person of a snapshot a user principal name means, for sources that know people by it alone."""

from __future__ import annotations

from importlib import resources

import duckdb


def define_upn_key(connection: duckdb.DuckDBPyConnection) -> None:
    """Define `upn_key(x)`: a user principal name without regard to case, blanks around it and Unicode form."""
    connection.execute("CREATE OR REPLACE TEMP MACRO upn_key(x) AS lower(nfc_normalize(trim(x)))")


def name_people(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary table `person_by_upn`: key (by `upn_key`), person (principal id), candidates.

    Where several accounts have one name, as after a person was deleted and made again, the one in use is
    meant; if that leaves several, `candidates` is above 1 and nobody is meant.
    """
    define_upn_key(connection)
    connection.execute(
        resources.files("waybill.ingest").joinpath("person_by_upn.sql").read_text("utf-8"),
    )
