"""Fixed words are translated, names are not."""

from __future__ import annotations

import pyarrow as pa

from waybill.export import Column, Language, Sheet
from waybill.words import translated, word


def test_a_name_that_is_also_a_word_stays() -> None:
    """A principal called "Members" keeps its name; a link's fixed name is translated beside it."""
    columns = (Column("Principal Name", words=True, only=("Anyone with the link",)),)
    batch = pa.record_batch({"Principal Name": ["Members", "Anyone with the link", None, "Private"]})
    sheet = translated(Sheet("Permissions", columns, lambda: iter([batch])), Language.FR)
    assert sheet.columns[0].name == "Nom du principal"
    values = [value for made in sheet.rows() for value in made.column(0).to_pylist()]
    assert values == ["Members", "Toute personne disposant du lien", None, "Private"]


def test_what_follows_a_word_is_a_name() -> None:
    """Granted Through keeps the name of a SharePoint group and translates the kind of a link."""
    assert word("SharePoint group: Members", Language.FR) == "Groupe SharePoint: Members"
    assert word("Sharing link: Specific people", Language.FR) == "Lien de partage: Personnes spécifiques"
    assert word("External;Admin", Language.FR) == "Externe;Administrateur"
    assert word("Full Control", Language.FR) == "Full Control"
    assert word("anything", Language.EN) == "anything"
