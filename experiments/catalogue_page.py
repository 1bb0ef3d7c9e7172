"""The page of the catalogue, from docstrings and configuration:

python -m experiments.catalogue_page > docs/catalogue.md
"""

import importlib
import inspect
import sys
from collections.abc import Iterator

from experiments.catalogue import CATALOGUE, built, known, member
from experiments.play_words import acts_told, cited
from games.rationality import MEASURE, ideal_angles
from games.references import Reference, references
from games.svo import Orientation
from games.yardsticks import Standard, Yardsticks

_HEAD = """# The catalogue

Every measure and every game, by the name that a run uses (`measure=ring`, `game=trust`), with its rules, settings and
source. The yardsticks are computed from the rules with the settings shown; nothing on this page is typed in. It is
written by `python -m experiments.catalogue_page > docs/catalogue.md`.
"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD, _contents(), "## Measures\n"]
    parts += ["\n".join(_measure(name)) for name in known("measure")]
    parts.append("## Games\n")
    parts += ["\n".join(_game(name)) for name in known("game")]
    parts.append("## Framings\n")
    parts += ["\n".join(_framing(name)) for name in known("framing")]
    for group, title in (("agent", "Agents"), ("matching", "Matching rules"), ("induction", "Inductions")):
        parts.append(f"## {title}\n")
        parts.append("\n".join(f"- `{name}`: {_comment(group, name)}" for name in known(group)) + "\n")
    return "\n".join(parts)


def _contents() -> str:
    def links(group: str) -> str:
        return " · ".join(f"[{name}](#{name})" for name in known(group))

    return f"Measures: {links('measure')}\n\nGames: {links('game')}\n"


def _measure(name: str) -> Iterator[str]:
    config = member("measure", name)
    yield f"### {name}\n"
    yield from _described(config["instrument"]["_target_"])
    yield from _settings("measure", name, "instrument")
    asked = built(config["instrument"], "measure").decisions()
    yield f"{len(asked)} items of {_range([len(one.options) for one in asked])} options.\n"
    if name == MEASURE:
        ideal = {one: ideal_angles(one) for one in Orientation}
        angles = (f"{one} {_interval(*ends)}" for one, ends in ideal.items())
        yield f"Angles of ideal respondents: {', '.join(angles)}.\n"


def _game(name: str) -> Iterator[str]:
    config = member("game", name)
    game = built(config["rules"], "game")
    yield f"### {name}\n"
    yield f"{_comment('game', name)}\n"
    yield from _described(config["rules"]["_target_"])
    yield f"Cooperation in figures: {config['cooperation']}.\n"
    yield from _settings("game", name, "rules")
    yield from _yardsticks(game.yardsticks())
    yield from _references(references(game.name))
    framed = [one for one in known("framing") if game.name in (member("framing", one)["words"] or {})]
    if framed:
        yield f"Framings with words of their own: {', '.join(f'`{one}`' for one in framed)}.\n"


def _framing(name: str) -> Iterator[str]:
    yield f"### framing `{name}`\n"
    yield f"{_comment('framing', name)}\n"
    framed = member("framing", name)["words"] or {}
    if framed:
        yield f"Words for: {', '.join(f'`{one}`' for one in framed)}.\n"


def _described(target: str) -> Iterator[str]:
    """The module's docstring, then the class's: what it is, and what can be set."""
    module, _, name = target.rpartition(".")
    found = importlib.import_module(module)
    yield f"{inspect.cleandoc(found.__doc__ or '')}\n"
    yield f"{inspect.cleandoc(getattr(found, name).__doc__ or '')}\n"


def _settings(group: str, name: str, part: str) -> Iterator[str]:
    """The settings as the file has them, with their comments."""
    text = (CATALOGUE / group / f"{name}.yaml").read_text(encoding="utf-8")
    block = text.split(f"\n{part}:\n", 1)[1]
    lines = []
    for line in block.splitlines():
        if line and not line.startswith(" "):
            break
        lines.append(line)
    shown = [line[2:] for line in lines if "_target_" not in line]
    if len(shown) > 40:
        shown = [*shown[:12], "…"]
    yield "\n".join(["```yaml", f"# {group}.{part}.…", *shown, "```", ""])


def _yardsticks(found: Yardsticks) -> Iterator[str]:
    yield f"| yardstick | acts | cooperation | points per player and {found.span} |"
    yield "|---|---|---|---|"
    shown = found.equilibria if len(found.equilibria) <= 4 else (found.equilibria[0], found.equilibria[-1])
    kind = "equilibrium" if shown == found.equilibria else f"equilibrium (first and last of {len(found.equilibria)})"
    for one in shown:
        yield _row(kind, one)
    yield _row("social optimum", found.optimum)
    for orientation, stages in found.ideal.items():
        acts = "; ".join(f"{stage} {acts_told(acts)}" for stage, acts in stages)
        yield f"| ideal {orientation} | {acts} | | |"
    yield f"| least, most | | | {found.least:g}, {found.most:g} |"
    thinner = "" if found.exact else " Extremes and optimum were looked for on a thinner menu with both its ends."
    yield f"\nEquilibria: {found.concept}.{thinner}\n"


def _row(kind: str, one: Standard) -> str:
    points = {round(each, 6) for each in one.points}
    told = f"{one.mean:.4g}" if len(points) == 1 else ", ".join(f"{each:.4g}" for each in one.points)
    level = "–" if one.cooperation is None else f"{one.cooperation:.2f}"
    return f"| {kind} | {one.acts} | {level} | {told} |"


def _references(found: tuple[Reference, ...]) -> Iterator[str]:
    if not found:
        return
    yield "| reference | stage | figure | source |"
    yield "|---|---|---|---|"
    for who, stage, quantity in dict.fromkeys((one.who, one.stage, one.quantity) for one in found):
        these = [one for one in found if (one.who, one.stage, one.quantity) == (who, stage, quantity)]
        values = ", ".join(f"{one.value:g}" for one in these)
        rounds = " by round" if len(these) > 1 else ""
        yield f"| {who} | {stage} | {quantity}{rounds}: {values} | {cited(these[0].source)} ({these[0].certainty}) |"
    yield ""


def _comment(group: str, name: str) -> str:
    """What the file of a member says at its top."""
    text = (CATALOGUE / group / f"{name}.yaml").read_text(encoding="utf-8")
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return " ".join(lines)


def _range(counts: list[int]) -> str:
    return str(counts[0]) if len(set(counts)) == 1 else f"{min(counts)} to {max(counts)}"


def _interval(low: float, high: float) -> str:
    return f"{low:.2f}°" if low == high else f"{low:.2f}° to {high:.2f}°"


def main(arguments: list[str]) -> int:
    """The command line. Returns the exit code."""
    if arguments:
        print("usage: python -m experiments.catalogue_page > docs/catalogue.md", file=sys.stderr)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    sys.stdout.write(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
