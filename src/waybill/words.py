"""Headings, sheet names and fixed words of reports in the languages the vendor's clients know.

Permission levels, module names, claims, URLs and access paths are never translated (insights.md 2.3).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

import pyarrow as pa

from waybill.export import Column, Language, Sheet

_NUMBER = re.compile(r"\d+")
_TWO_WORDS = ("Sharing link",)


@cache
def dictionary(language: Language) -> Mapping[str, str]:
    """English word -> word of `language`; empty for English itself."""
    if language is Language.EN:
        return {}
    column = {Language.JA: "ja", Language.FR: "fr"}[language]
    with resources.files("waybill").joinpath("words.tsv").open(encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["en"]: row[column] for row in rows}


def word(text: str, language: Language) -> str:
    """One cell: a fixed word, `word: name`, or a `;` list of words; anything else stays as it is.

    A `#` in the dictionary stands for any number.
    """
    known = dictionary(language)
    if not known or not text:
        return text
    if text in known:
        return known[text]
    numbers = _NUMBER.findall(text)
    if numbers and (pattern := known.get(_NUMBER.sub("#", text))):
        return re.sub("#", lambda _: numbers.pop(0), pattern)
    head, colon, rest = text.partition(": ")
    if colon and head in known:
        # "Sharing link: Specific people" holds two words, "SharePoint group: Members" a word and a name.
        return f"{known[head]}: {known.get(rest, rest) if head in _TWO_WORDS else rest}"
    if ";" in text:
        return ";".join(known.get(part, part) for part in text.split(";"))
    return text


def translated(sheet: Sheet, language: Language) -> Sheet:
    """The same sheet with its name, headings and `words` columns in `language`."""
    if language is Language.EN:
        return sheet
    columns = tuple(replace(column, name=word(column.name, language)) for column in sheet.columns)

    def rows() -> Iterator[pa.RecordBatch]:
        for batch in sheet.rows():
            arrays = [
                _translate(array, language, column.only) if column.words else array
                for array, column in zip(batch.columns, sheet.columns, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(arrays, names=[column.name for column in columns])

    return Sheet(word(sheet.name, language), columns, rows)


def _translate(array: pa.Array[Any], language: Language, only: tuple[str, ...]) -> pa.Array[Any]:
    """Few distinct words in many rows: translate each word once."""
    coded = array.dictionary_encode()
    words = [
        value if value is None or (only and value not in only) else word(value, language)
        for value in coded.dictionary.to_pylist()
    ]
    return pa.array(words, pa.string()).take(coded.indices)


def untranslated(columns: tuple[Column, ...], language: Language) -> list[str]:
    """Headings that `language` lacks: the tests of every export ask for this to be empty."""
    known = dictionary(language)
    return [column.name for column in columns if known and column.name not in known]
