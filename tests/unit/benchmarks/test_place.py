"""Inputs are made once, and a run that was ended leaves nothing that the next would take for one."""

from __future__ import annotations

from pathlib import Path

from benchmarks.place import Place


def test_an_input_is_made_once_and_whole(tmp_path: Path) -> None:
    """What was half made when a run ended is made anew; what is whole is kept."""
    place = Place(tmp_path, quick=True)
    (place.made / "building-a").mkdir()
    (place.made / "building-a" / "half").touch()
    (place.made / "building-b").write_text("half", "utf-8")

    def make(path: Path) -> None:
        assert not path.exists()
        path.write_text("whole", "utf-8")

    def never(path: Path) -> None:
        raise AssertionError(path)

    assert [place.once(name, make).read_text("utf-8") for name in "ab"] == ["whole", "whole"]
    assert place.once("a", never).name == "a"
