"""Logs: JSON lines for machines, readable lines on a terminal, and never a secret in either.

Everything goes through one chain, our own events and those of libraries that use `logging`, because
several libraries print whole URLs, with a SAS in the query, in their errors (design.md).
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

HIDDEN = "[hidden]"

_SECRET_KEY = re.compile(
    r"secret|password|passwd|authorization|assertion|cookie|signature|^sas$|^sig$"
    r"|(^|_)(token|sas_url|private_key|api_?key)$",
    re.IGNORECASE,
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # The query and the fragment of any URL: a SAS, a code or a person's name may be in it.
    (re.compile(r"(\b[a-z][a-z0-9+.\-]*://[^\s?#\"'<>]+)[?#][^\s\"'<>]*", re.IGNORECASE), rf"\1?{HIDDEN}"),
    (re.compile(r"(\b[a-z][a-z0-9+.\-]*://)[^\s/@\"'<>]+@", re.IGNORECASE), rf"\1{HIDDEN}@"),
    # JSON Web Tokens, with or without their signature.
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?"), HIDDEN),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=\-]{6,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    # The signature of a SAS outside a URL.
    (re.compile(r"\b(sig=)[^&\s\"'<>]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (
        re.compile(
            r"((?:client_|shared_?access_?)?(?:secret|password|assertion|signature|accountkey|[a-z_]*token)"
            r"[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;}]+",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.S),
        HIDDEN,
    ),
)


_SUSPECT = re.compile(r"[\s=:e](?:(?<=[\s=])|(?<=[^0-9]:)|(?<=:)//|(?<=e)yJ)")
"""What at least one of is in every text that a rule above changes; most of what is logged, times too, has none:
a blank, an equals sign, a colon behind anything but a digit, `://`, `eyJ`. One set of characters first, for speed."""


def redact(text: str) -> str:
    """`text` without query strings, tokens, signatures, passwords and private keys."""
    if not _SUSPECT.search(text):
        return text
    for pattern, put in _RULES:
        text = pattern.sub(put, text)
    return text


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: _clean_named(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(repr(value))


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    """Whether whatever is logged under this name is hidden. The same few names come with every line."""
    return _SECRET_KEY.search(name) is not None


def _clean_named(name: str, value: Any) -> Any:
    return HIDDEN if _is_secret(name) and value else _clean(value)


def redaction(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """The structlog processor that applies `redact` to every value of an event, tracebacks included."""
    return {
        key: value if key in ("_record", "_from_structlog") else _clean_named(key, value)
        for key, value in event.items()
    }


class _Ours(logging.StreamHandler[TextIO]):
    """Our one handler, by its class, so that setting up again replaces it and nobody else's."""


def set_up(*, as_json: bool | None = None, stream: TextIO | None = None, level: str = "INFO") -> None:
    """Send all logs of this process to `stream` (standard error), once, as the first thing at start.

    `as_json`: JSON lines; None = when the stream is not a terminal (setting `log_json`).
    """
    out = stream if stream is not None else sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,  # to text at once, so that tracebacks are redacted too
    ]
    last: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if (not out.isatty() if as_json is None else as_json)
        else structlog.dev.ConsoleRenderer(colors=out.isatty())
    )
    handler = _Ours(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[redaction, structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    for old in [known for known in root.handlers if isinstance(known, _Ours)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def get(name: str) -> structlog.stdlib.BoundLogger:
    """A logger for the module `name`; events are short sentences, facts are key words."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
