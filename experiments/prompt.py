"""Show what a model will read, and check wordings:  python -m experiments.prompt [lint] [override …] [--phase …]

Without `lint`, the configuration is composed as `experiments.run` composes it, and the messages of a decision are shown
for every orientation side by side. Nothing is asked and nothing is written; no key and no provider's package is needed.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence

_EXAMPLES = """examples:
  python -m experiments.prompt induction=label                      the first item of the slider under `label`
  python -m experiments.prompt 'population.inductions=[definition,definition_de]' --plain
  python -m experiments.prompt game=trust --phase play --decision 3 what a player reads in the third decision of play
  python -m experiments.prompt --phase after --list                 which decisions there are
  python -m experiments.prompt lint                                 check the whole catalogue
  python -m experiments.prompt lint label framing/fishery my.yaml   check some members, or a file
  python -m experiments.prompt lint induction=label game=trust      check what a run would use
"""


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.prompt",
        description="Show what a model will read, orientations side by side; or, as `lint`, check wordings.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="override",
        help="as of experiments.run; or `lint` and names or files",
    )
    parser.add_argument("--phase", choices=("before", "play", "after"), help="default: the run's first phase")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--decision", type=int, default=1, metavar="N", help="which decision of the phase, from 1")
    which.add_argument("--all", action="store_true", help="all decisions of the phase")
    which.add_argument("--list", action="store_true", help="only name the decisions of the phase")
    parser.add_argument("--orientation", action="append", default=[], metavar="NAME", help="only this one; repeatable")
    parser.add_argument("--seat", type=int, default=0, metavar="N", help="whose play, from 0 (default)")
    parser.add_argument("--layout", type=int, default=1, metavar="N", help="which counterbalanced presentation, from 1")
    parser.add_argument("--plain", action="store_true", help="no colours or frames; differences between ⟦ and ⟧")
    parser.add_argument("--json", action="store_true", help="as JSON, for tools")
    parser.add_argument("--lint", action="store_true", help="the same as the word lint")
    return parser.parse_intermixed_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit code: 1 where lint found an error, 2 for what cannot be used."""
    asked = _arguments(given)
    # Hydra would print an error over several lines; with this set it raises, and `complain` says it in one.
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    # Imported here, so that --help answers at once.
    from experiments.run import complain

    try:
        if asked.lint or asked.words[:1] == ["lint"]:
            return _lint([word for word in asked.words if word != "lint"], as_json=asked.json)
        return _show(asked)
    except Exception as error:
        return complain(error)


def _lint(names: Sequence[str], *, as_json: bool) -> int:
    from experiments.wording_lint import lint
    from experiments.wordings import members, of_run

    overrides = [name for name in names if "=" in name]
    given = [name for name in names if "=" not in name]
    chosen = members(given) if given or not overrides else []
    if overrides:
        from experiments.catalogue import plain
        from experiments.readings import composed

        chosen += of_run(plain(composed(overrides)[0], "configuration"))
    found = lint(chosen)
    errors = sum(one.level == "error" for one in found)
    if as_json:
        print(json.dumps([one.as_data() for one in found], ensure_ascii=False, indent=1))
        return 1 if errors else 0
    for one in found:
        print(one)
    counts = [(level, sum(one.level == level for one in found)) for level in ("error", "warning", "note")]
    told = ", ".join(f"{number} {level}{'' if number == 1 else 's'}" for level, number in counts)
    print(f"checked {len(chosen)}: {told}")
    return 1 if errors else 0


def _show(asked: argparse.Namespace) -> int:
    from dataclasses import asdict

    from rich.console import Console

    from experiments import readings
    from experiments.prompt_show import as_data, show, told
    from games.errors import SettingError

    config, swept = readings.composed(asked.words)
    made = readings.unasked(config)
    phase = asked.phase or made.phases[0]
    layouts = made.presentation.layouts
    if not 1 <= asked.layout <= len(layouts):
        raise SettingError(f"layout {asked.layout}: the presentation has {len(layouts)}, 1 to {len(layouts)}")
    questions = readings.questions(made, phase, asked.seat, asked.layout - 1)
    numbers = range(1, len(questions) + 1) if asked.all or asked.list else [asked.decision]
    found = readings.readings(made, questions, numbers, asked.orientation)
    agents = {name: next(iter(agents.values())) for name, agents in readings.speakers(made).items()}
    calls = {name: readings.need(agent, questions) for name, agent in agents.items()}
    if asked.json:
        shown = {
            name: {
                "calls": calls[name],
                "decisions": [
                    {orientation: as_data(one) for orientation, one in side.items()} for side in by_number.values()
                ],
            }
            for name, by_number in found.items()
        }
        about = {"name": made.name, "phase": phase, "tokens": readings.TOKENS, "inductions": shown}
        print(json.dumps(about, ensure_ascii=False, indent=1))
        return 0
    plain = asked.plain or not sys.stdout.isatty()
    # Plain lines are never broken, so that what is copied is what is sent.
    console = Console(no_color=plain, highlight=False, markup=False, soft_wrap=plain)
    if swept:
        levels = ", ".join(f"{name}={values}" for name, values in swept.items())
        console.print(f"this experiment is a sweep ({levels}); shown is the job with the defaults")
    if len(layouts) > 1:
        settings = ", ".join(f"{name}={word}" for name, word in asdict(layouts[asked.layout - 1]).items())
        console.print(f"presentation {asked.layout} of {len(layouts)}: {settings}")
    for name, by_number in found.items():
        what = "a play" if phase == "play" else "an administration"
        console.print(
            f"induction {name} · {phase} · one player is asked {len(questions)} decisions; "
            f"{what} takes {calls[name]} calls",
        )
        if asked.list:
            for number, side in by_number.items():
                first = next(iter(side.values()))
                console.print(f"  {number:3}  {told(first)}, ~{first.tokens} tokens")
        else:
            if phase != "before" and "play" in made.phases:
                console.print("past rounds stand as if everybody had taken the first option")
            console.print()
            show(list(by_number.values()), console, plain=plain)
    console.print(f"tokens are {readings.TOKENS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
