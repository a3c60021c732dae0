"""Laws about languages: every heading, sheet name and fixed word of every export exists in each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import openpyxl
import pytest

from tests.laws.reports import Made, Press
from tests.laws.tenants import LAW_CATALOG, Practice
from waybill.export import Export, Language, Sql
from waybill.words import dictionary, translated, untranslated, word

OTHERS = (Language.JA, Language.FR)
every_export = pytest.mark.parametrize("export", LAW_CATALOG, ids=lambda export: str(export.name))
every_language = pytest.mark.parametrize("language", OTHERS, ids=lambda language: str(language.value))


@every_export
@every_language
def test_headings_and_sheet_names_are_translated(press: Press, export: Export, language: Language) -> None:
    """Every heading and every sheet name has a word in each language."""
    for sheet in press.sample(export).sheets:
        assert untranslated(sheet.columns, language) == [], sheet.name
        assert sheet.name in dictionary(language)


@every_export
@every_language
def test_translated_names_stay_unique(press: Press, export: Export, language: Language) -> None:
    """In no language do two columns of a sheet, or two sheets of a report, get one name."""
    shown = [translated(sheet, language) for sheet in press.sample(export).sheets]
    assert len({sheet.name.casefold() for sheet in shown}) == len(shown)
    for sheet in shown:
        names = [column.name.casefold() for column in sheet.columns]
        assert len(set(names)) == len(names), sheet.name


@every_export
@every_language
def test_the_file_speaks_the_language(press: Press, export: Export, language: Language) -> None:
    """A report asked for in a language has its sheet names and headings in the file, in that language."""
    made = press.sample(export, language.value)
    book = openpyxl.load_workbook(made.workbook, read_only=True)
    shown = [translated(sheet, language) for sheet in made.sheets]
    assert book.sheetnames == [sheet.name for sheet in shown]
    for sheet in shown:
        first = next(iter(book[sheet.name].iter_rows(values_only=True)))
        assert list(first) == [column.name for column in sheet.columns]
    book.close()


@pytest.fixture(scope="module")
def names(practice: Practice) -> frozenset[str]:
    """Every name the tenant itself gives; those are never translated."""
    with practice.facts() as facts:
        asked = "SELECT name FROM principal UNION SELECT title FROM site UNION SELECT name FROM securable"
        return frozenset(str(row[0]) for row in facts.table(Sql(asked)))


@every_export
def test_fixed_words_are_translated(press: Press, names: frozenset[str], export: Export) -> None:
    """Whatever a column of fixed words holds is in the dictionary, or is a name of the tenant, or of the wire."""
    deliberate = names | {field.wire for field in export.fields} | SETTINGS
    lacking = {
        (sheet, column, value)
        for sheet, column, value in words_in(press.wide(export))
        if is_lacking(value, deliberate)
    }
    assert lacking == set()


SETTINGS = frozenset({"ShowEveryoneClaim", "ShowAllUsersClaim", "exportOptionType", "dataSources"})
"""Names of the tenant's settings and of wire fields, which About tells in their own spelling."""


def words_in(made: Made) -> Iterator[tuple[str, str, str]]:
    """(sheet, column, value) of every value in a column of fixed words."""
    for sheet, batches in zip(made.sheets, made.rows, strict=True):
        for batch in batches:
            for column, array in zip(sheet.columns, batch.columns, strict=True):
                if column.words:
                    yield from (
                        (sheet.name, column.name, str(one)) for one in array.unique().to_pylist() if one
                    )


def is_lacking(value: str, deliberate: frozenset[str]) -> bool:
    """Whether a cell keeps something English once its words, numbers and names are taken out."""
    known = dictionary(Language.FR)
    if value in known or value in deliberate or re.sub(r"\d+", "#", value) in known:
        return False
    head, _, rest = value.partition(": ")
    if head in known and (rest in known or rest in deliberate):
        return False
    return any(part not in known for part in value.split(";"))


@pytest.mark.parametrize(("language", "shown"), [(Language.JA, "(60 人)"), (Language.FR, "(60 personnes)")])
def test_numbers_pass_through_translated_sentences(language: Language, shown: str) -> None:
    """A fixed sentence with a number in it is translated around the number."""
    text = "All enabled members of the tenant (60 people); guests: no, ShowEveryoneClaim is off."
    assert shown in word(text, language)


@every_language
def test_both_dictionaries_are_whole(language: Language) -> None:
    """No word is left empty in any language, and both know the same words."""
    assert [key for key, value in dictionary(language).items() if not value.strip()] == []
    assert dictionary(language).keys() == dictionary(Language.FR).keys()


@every_language
def test_both_languages_keep_the_places_of_numbers(language: Language) -> None:
    """A translation has as many places for numbers as its English sentence."""
    assert [key for key, value in dictionary(language).items() if key.count("#") != value.count("#")] == []
