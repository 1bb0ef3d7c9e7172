"""Whether the four texts of an induction are four, and alike in length, so that they differ in the value alone."""

from collections.abc import Iterator, Mapping

from agents.induction import Induction
from experiments.wording_texts import sentences, whole
from experiments.wordings import Finding
from games.svo import Orientation

LONGEST, LONG = 0.25, 0.15
"""How far an orientation's text may be from the mean of the four, as a share of it: beyond the first it is an error,
beyond the second a warning."""
LONG_ALONE = 0.5
"""The same for its values without the text that all share, which hides how unlike they are: beyond it, a warning."""
NAME, NAME_UNSPACED = 20, 6
"""Characters up to which values are a name or a number, whose length nobody chooses; the second in Chinese."""
_UNSPACED = {"zh", "ja"}


def unlike_findings(file: str, made: Induction) -> Iterator[Finding]:
    """Orientations that read the same, and those whose text is shorter or longer than the others."""
    texts = {one: whole(made, one) for one in Orientation}
    if made.values:
        yield from _same(file, texts)
    counted = {"characters": {one: len(text) for one, text in texts.items()}}
    if made.language not in _UNSPACED:
        counted["words"] = {one: len(text.split()) for one, text in texts.items()}
    for unit, lengths in counted.items():
        for orientation, away, what in _away(lengths, unit, LONG):
            instead = f"word the four alike, within {LONG:.0%}: length is confounded with the value"
            yield Finding("error" if away > LONGEST else "warning", file, orientation, "unequal length", what, instead)
    alone = {one: len(" ".join(made.values.get(one.value, {}).values())) for one in Orientation}
    if max(alone.values()) > (NAME_UNSPACED if made.language in _UNSPACED else NAME):
        for orientation, _, what in _away(alone, "characters in its values alone", LONG_ALONE):
            instead = f"word the four alike, within {LONG_ALONE:.0%} without the text that they share"
            yield Finding("warning", file, orientation, "unequal length", what, instead)
    counts = {one: sentences(text) for one, text in texts.items()}
    if len(set(counts.values())) > 1:
        what = "sentences: " + ", ".join(f"{one} {count}" for one, count in counts.items())
        yield Finding("warning", file, "", "unequal length", what, "give the four the same number of sentences")


def _same(file: str, texts: Mapping[Orientation, str]) -> Iterator[Finding]:
    alike = dict[str, list[str]]()
    for one, text in texts.items():
        alike.setdefault(" ".join(text.casefold().split()), []).append(one.value)
    for names in alike.values():
        if len(names) > 1:
            what = f"{', '.join(names[:-1])} and {names[-1]} read the same"
            yield Finding("error", file, "", "same text", what, "give each orientation its own values")


def _away(lengths: Mapping[Orientation, int], unit: str, limit: float) -> Iterator[tuple[str, float, str]]:
    """The orientations whose length is further than the limit from the mean, how far as a share of it, and in words."""
    mean = sum(lengths.values()) / len(lengths)
    for orientation, length in lengths.items():
        away = abs(length - mean) / mean if mean else 0.0
        if away > limit:
            what = f"{length} {unit}, where the mean of the four is {mean:.0f} ({away:.0%} away)"
            yield orientation.value, away, what
