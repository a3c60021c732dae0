"""Traps of names: formulas, control characters, great length, other scripts, commas in addresses."""

from __future__ import annotations

from waybill.ingest.practice.stage import Stage
from waybill.ingest.practice.traps.trap import trap

FORMULA_GROUPS = ("=cmd|'/c calc'!A0", "+49 30 5550 0100", "-Archive-", "@x")
LONG_NAME = "A very long title " * 2222 + "end!"
"""40,000 characters; a cell holds 32,767."""
ODD_ITEMS = (
    "bell\x07 tab\t line\nreturn\r null-free \x0b\x1f\ufffe",
    "_x0041_ looks like an escape",
    "party 🎉👩🏽‍🚀 flags 🇳🇴",
    "عقد الإيجار 2026",
    "חוזה שכירות",
    "\u202egpj.exe",
    "   blanks around   ",
    '<b>&amp;"quoted"\'',
)


@trap("sites/formulas", groups=FORMULA_GROUPS, users=("formula@contoso.com",))
def formula_names(s: Stage) -> None:
    """Names that begin with = + - or @ arrive as text, and no cell becomes a formula."""
    site = s.site(
        "sites/formulas",
        '=HYPERLINK("https://contoso.com","Formulas")',
        site_type="Classic",
        primary=s.person("Anna Berg"),
    )
    for name in FORMULA_GROUPS:
        s.grant(site.root, s.group(name, members=[s.person("Clara Moreau")]), "Read")
    s.grant(site.root, s.person("=1+1", upn="formula@contoso.com"), "Read")
    s.place(site.library, "file", "=2+3 #1 100%20.xlsx", copied=True)


@trap("sites/odd-names")
def odd_and_long_names(s: Stage) -> None:
    """Control characters, emoji, right-to-left text and a title of 40,000 characters arrive as that text."""
    site = s.site(
        "sites/odd-names", "Odd names \U0001f4c1", site_type="Classic", primary=s.person("Anna Berg")
    )
    titles = s.place(site.root, "list", "Titles", segment="Lists/Titles")
    # A list item's title is free text; its address is its number.
    for number, title in enumerate((*ODD_ITEMS, LONG_NAME), start=1):
        item = s.place(titles, "item", title, segment=f"{number}_.000", copied=True)
        s.grant(item, s.person("Clara Moreau"), "Contribute")
    folder = s.place(site.library, "folder", "مستندات 📁", copied=True)
    s.grant(folder, s.person("Noor \U0001f33b الحسن", upn="noor@contoso.com"), "Read")


@trap("sites/berlin,paris,rome", groups=("Three cities",), users=("Lena Vogel",))
def comma_in_site_url(s: Stage) -> None:
    """A comma in a site's address does not part it into two."""
    site = s.site("sites/berlin,paris,rome", "Berlin, Paris, and Rome", primary=s.person("Anna Berg"))
    s.put(site.members, s.group("Three cities", members=[s.person("Lena Vogel")]))


ALL = (formula_names, odd_and_long_names, comma_in_site_url)
