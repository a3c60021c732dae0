"""Logs and the audit trail: readable by machines, free of secrets, not to be rewritten."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa

from waybill import audit, log
from waybill.control import open_control

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJlMTIz"
SECRETS = (
    "https://a.blob.core.windows.net/c/f?sv=2024&sig=Zm9vYmFy%3D",
    "GET http://h/x?code=s3cr3t-code HTTP/1.1",
    f"Authorization: Bearer {TOKEN}",
    "authorization: Basic dXNlcjpwYXNzd29yZA==",
    f"got {TOKEN}, refused",
    TOKEN,
    "se=2026&sp=w&sig=Zm9vYmFy%3D",
    "client_secret=hunter2hunter2&scope=x",
    "{'client_secret': 'hunter2hunter2'}",
    "AccountName=a;AccountKey=hunter2hunter2==;X=y",
    "https://user:hunter2hunter2@host/path",
    "-----BEGIN PRIVATE KEY-----\nhunter2hunter2\n-----END PRIVATE KEY-----",
)
PARTS = ("Zm9vYmFy", "s3cr3t-code", "c2lnbmF0dXJl", "eyJzdWIi", "dXNlcjpwYXNz", "hunter2")


@pytest.mark.parametrize("text", SECRETS)
def test_text_is_redacted(text: str) -> None:
    """No query string, token, signature, password or key is left of a text."""
    assert not [part for part in PARTS if part in log.redact(text)]


@pytest.mark.parametrize(
    "text", ["GET /insights/job/1/exportstatus", "https://a.example/sites/x", "12 rows; 3 s"]
)
def test_harmless_text_stays(text: str) -> None:
    """What holds no secret is logged as it is."""
    assert log.redact(text) == text


def test_no_text_escapes_the_rules() -> None:
    """Whatever secrets and marks stand side by side, a text is redacted as it is behind a blank, where no rule is skipped."""
    marks = ("", ":", "=", "://", "a?", '"', "'", "7", "a", "-", ".", "?", "@", "/")
    words = (
        "token",
        "Secret",
        "sig",
        "https",
        "h2",
        "2026-01-01T00:00:07",
        "bearer",
        "eyJhbGciOiJSUzI1NiJ9.e30",
    )
    for first, mark, second, last in product(words, marks, marks, ("hunter2", "eyJhbGciOiJSUzI1NiJ9.e30")):
        text = f"{first}{mark}{second}{last}"
        assert log.redact(text) == log.redact(f" {text}")[1:]


def test_every_way_into_the_log_is_redacted(logged: io.StringIO) -> None:
    """Messages, values, nested values, library logs and tracebacks are JSON lines without secrets."""
    own, library = log.get("own"), logging.getLogger("some.library")
    for text in SECRETS:
        own.info(text, url=text, nested={"deep": [text]}, client_secret="hunter2")
        library.warning("failed: %s", text)
        try:
            raise RuntimeError(text)
        except RuntimeError:
            own.exception("broke")
            library.exception("broke")
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert len(lines) == 4 * len(SECRETS)
    assert {"event", "level", "logger", "timestamp"} <= set(lines[0])
    assert not [part for part in PARTS if part in logged.getvalue()]


def test_the_audit_trail_cannot_be_rewritten(tmp_path: Path) -> None:
    """The database refuses to change or delete a line of the audit trail."""
    control = open_control(tmp_path / "control.db")
    line = audit.Entry(datetime(2026, 1, 1, tzinfo=UTC), "t1", "c1", "job.submit", "g", {"n": 1})
    with control.begin() as connection:
        audit.record(connection, line)
    for change in (sa.delete(audit.audit_table), sa.update(audit.audit_table).values(action="x")):
        with pytest.raises(sa.exc.IntegrityError, match="append-only"), control.begin() as connection:
            connection.execute(change)
    assert audit.entries(control, "t1") == [line]
    assert audit.entries(control, "t2") == []
    control.dispose()
