"""The gallery of figures, drawn from the recorded runs that ship with the project:  python -m experiments.gallery

It replays every recorded run and sweep of `docs/recorded/`, without a network, copies their figures to `docs/gallery/`
and writes the page `docs/gallery.md`. With `--record` the runs are done live first and their replies exported, as is
needed when words or settings that a recorded run rests on have changed.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.exits import refused
from games.errors import CommonwealError, SettingError

CHECKOUT = Path(__file__).resolve().parent.parent
RECORDED, PICTURES, PAGE = (CHECKOUT / "docs" / name for name in ("recorded", "gallery", "gallery.md"))


@dataclass(frozen=True)
class Shown:
    """A recorded run or sweep and what is shown of it.

    name: of its file below `docs/recorded/`.  title, about: what is told of it.  overrides: of its command.
    figures: what each of its figures shows, by the figure's name.  sweep: whether it is one, which is then collected.
    """

    name: str
    title: str
    about: str
    overrides: tuple[str, ...]
    figures: dict[str, str]
    sweep: bool = False

    @property
    def command(self) -> str:
        """What a person types to do the run."""
        words = ["python -m experiments.run", *(["-m"] if self.sweep else []), *self.overrides]
        return " ".join(f"'{word}'" if set("[{ ") & set(word[:-1]) and "=" in word else word for word in words)


GALLERY = (
    Shown(
        "society",
        "One population: measure, play, measure again",
        "The default experiment: 32 participants of four orientations, a public good in fixed groups of four.",
        ("seed=7",),
        {
            "svo_ring": "Measured vectors on the SVO ring, before play and after, with the density of angles outside.",
            "angle_and_cooperation": "Cooperation in play against the angle measured before it.",
            "cooperation_over_rounds": "Cooperation over rounds beside equilibrium, social optimum and people.",
            "value_rationality": "Value rationality of each cell beside the chance level of its orientation.",
            "angle_drift": "How far each participant's vector turned from before play to after it.",
            "network": "Who played with whom, by orientation and by last act.",
        },
    ),
    Shown(
        "bench",
        "A bench of inductions",
        "Eleven wordings of the four orientations, put to simulated respondents who are set to follow some of them "
        "less far than others.",
        (
            "experiment=induction_bench",
            "measure.instrument.secondary=false",
            "model.chat.uptake={label: 0.4, maxim: 0.6, weights: 0.7, third_person: 0.7, second_person: 0.85}",
        ),
        {
            "leaderboard": "The leaderboard: chance-corrected value rationality, letters for what does not differ.",
            "angle_distributions": "Distribution of the measured angle by induction and orientation.",
            "value_rationality_map": "Value rationality by induction and orientation, with chance levels.",
        },
    ),
    Shown(
        "commons",
        "A common stock",
        "Sixteen groups of five fish a lake for twelve months; one in eight participants is competitive.",
        (
            "experiment=commons",
            "measure.instrument.secondary=false",
            "population.cells.altruistic.count=70",
            "population.cells.prosocial.count=0",
            "population.cells.individualistic.count=0",
            "model.chat.spread=4",
            "model.chat.unreadable=0",
            "model.chat.refusals=0",
        ),
        {
            "survival": "Which share of groups still has a stock (Kaplan–Meier).",
            "cooperation_over_rounds": "Cooperation over months, and how many groups still play.",
        },
    ),
    Shown(
        "position",
        "Position bias",
        "Choice probabilities of simulated respondents that favour what is shown first.",
        ("experiment=position", "repetitions=2", "model.chat.position_bias=1.5", "model.chat.precision=0.05"),
        {"position_bias": "Probability of each place of the menu, whatever stands there."},
    ),
    Shown(
        "mix",
        "A sweep over the population's mix",
        "From no prosocial participants to nobody else, at two returns of the public good, each under two seeds.",
        (
            "experiment=orientation_mix",
            "population.cells.prosocial.count=0,8,16,24,32",
            "game.rules.multiplier=1.2,2.4",
            "game.rules.rounds=5",
            "seed=1,2",
        ),
        {
            "phase_curve": "Cooperation against the number of prosocial participants.",
            "heat_map": "The same over both factors.",
        },
        sweep=True,
    ),
)


def page() -> str:
    """The text of `docs/gallery.md`."""
    parts = [
        "# Gallery\n",
        "Every figure of a run and of a sweep, as PNG here; a run saves each as SVG and PDF, too. All data on this\n"
        "page are SYNTHETIC: simulated respondents, no language model. The page is made from the recorded runs in\n"
        "`docs/recorded/`, without a network, by `python -m experiments.gallery`.\n",
    ]
    for shown in GALLERY:
        parts.append(f"## {shown.title}\n\n{shown.about}\n\n```sh\n{shown.command}\n```\n")
        for figure, caption in shown.figures.items():
            parts.append(f"![{caption} SYNTHETIC data](gallery/{shown.name}_{figure}.png)\n\n*{caption}*\n")
    return "\n".join(parts)


def record(shown: Shown, scratch: Path) -> None:
    """Do the run live, and write its replies into `docs/recorded/`."""
    store = scratch / f"{shown.name}.sqlite"
    folder = _run(shown, scratch / f"{shown.name}-live", store, "live")
    _command("experiments.replies", "export", str(folder), str(_file(shown)), "--store", str(store))


def draw(shown: Shown, scratch: Path) -> Iterator[Path]:
    """Replay a recorded run, and copy its figures to `docs/gallery/`. Yields the path of each picture."""
    store = scratch / f"{shown.name}.replay.sqlite"
    _command("experiments.replies", "import", str(_file(shown)), "--store", str(store))
    folder = _run(shown, scratch / shown.name, store, "replay")
    if shown.sweep:
        _command("experiments.collect", str(folder))
    PICTURES.mkdir(exist_ok=True)
    for figure in shown.figures:
        drawn = folder / "figures" / f"{figure}.png"
        if not drawn.exists():
            raise SettingError(f"gallery: {shown.command} drew no {figure}; mend its list of figures")
        yield Path(shutil.copy(drawn, PICTURES / f"{shown.name}_{figure}.png"))


def _file(shown: Shown) -> Path:
    return RECORDED / f"{shown.name}.jsonl.gz"


def _run(shown: Shown, folder: Path, store: Path, mode: str) -> Path:
    # Of a sweep only the figures over its jobs are shown.
    where = ["-m", f"hydra.sweep.dir={folder}", "figures=[]"] if shown.sweep else [f"hydra.run.dir={folder}"]
    _command("experiments.run", *where, *shown.overrides, f"replies.store={store}", f"replies.mode={mode}")
    return folder


def _command(module: str, *words: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, *words], cwd=CHECKOUT, capture_output=True, text=True)
    if done.returncode:
        told = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise SettingError(f"gallery: python -m {module} {' '.join(words)} ended with {done.returncode}: {told}")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.gallery", description="Draw docs/gallery.md and its pictures from recorded runs."
    )
    parser.add_argument("--record", action="store_true", help="do the runs live first, and record them anew")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of recorded runs; all without")
    asked = parser.parse_args(arguments)
    known = [shown.name for shown in GALLERY]
    if wrong := [name for name in asked.names if name not in known]:
        print(f"error: no recorded run {wrong[0]}; known: {', '.join(known)}", file=sys.stderr)
        return 2
    try:
        with tempfile.TemporaryDirectory() as scratch:
            for shown in GALLERY:
                if asked.names and shown.name not in asked.names:
                    continue
                if asked.record:
                    record(shown, Path(scratch))
                for picture in draw(shown, Path(scratch)):
                    print(picture.relative_to(CHECKOUT))
        PAGE.write_text(page(), encoding="utf-8")
        print(PAGE.relative_to(CHECKOUT))
    except (CommonwealError, OSError) as error:
        return refused(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
