"""Run one experiment, or a sweep of them:  python -m experiments.run [-m] [experiment=…] [model=…] [induction=…] …

Compose the configuration, make its objects, run, write, and return the headline number: chance-corrected value
rationality averaged over the population's cells, or mean cooperation where nothing was measured.
"""

import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

from games.errors import BudgetError, CommonwealError, SecretError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaconf import DictConfig


def run(config: "DictConfig", folder: Path, sweep: Path | None = None) -> float | None:
    """Do one run and write it into its folder. Returns its headline number.

    sweep: the folder of the sweep that it is a job of. Raises BudgetError, after all has been written, when the budget
    was reached.
    """
    # Imported here, so that --help and a mistyped override answer at once.
    from experiments.progress import Bar
    from experiments.report import redraw
    from experiments.setup import experiment
    from experiments.store import Writer, holds, read_json
    from experiments.terminal import show

    made = experiment(config, sweep)
    same = (
        holds(folder, made.terms.payer, finished=True)
        and asdict(made.resampling) == read_json(folder, "manifest")["statistics"]
    )
    if same and not made.terms.anew:
        made.terms.store.close()
        print(f"{folder} holds this run already, finished; it is redrawn from its files", file=sys.stderr)
        summary, written = redraw(folder)
        show(summary, folder, written)
        return _headline(summary)
    writer = Writer(folder, made.terms.payer)
    writer.manifest(made, "running")
    status, reason, started = "failed", None, time.monotonic()
    try:
        with Bar(shown=bool(config.progress)) as bar:
            made.run(writer.keep, bar.phase, bar.asked, bar.told)
        status = "finished"
    except KeyboardInterrupt:
        status = "interrupted"
        raise
    except BudgetError as error:
        status, reason = "incomplete", str(error)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise
    finally:
        try:
            writer.close()
            writer.manifest(made, status, reason, time.monotonic() - started)
        except OSError as error:
            if status in {"finished", "incomplete"}:
                raise
            # What ended the run is told further up; this must not stand in its place.
            print(f"the tables could not be written: {error}", file=sys.stderr)
        made.terms.store.close()
        if status not in {"finished", "incomplete"}:
            print(f"{status}; what was obtained is in {folder} and in the reply store", file=sys.stderr)
    summary, written = redraw(folder)
    show(summary, folder, written)
    if status == "incomplete":
        raise BudgetError(reason)
    return _headline(summary)


def _headline(summary: "Mapping[str, Any]") -> float | None:
    headline: dict[str, float | None] = summary["headline"]
    rationality = headline["value_rationality_corrected"]
    return headline["cooperation"] if rationality is None else rationality


@hydra.main(version_base="1.3", config_path="../conf", config_name="config")
def main(config: "DictConfig") -> float | None:
    """One run, or one job of a sweep."""
    from experiments.setup import refuse_secrets

    about = HydraConfig.get()
    folder = Path(about.runtime.output_dir)
    sweep = Path(about.sweep.dir) if about.mode == RunMode.MULTIRUN else None
    try:
        refuse_secrets(config)
        if config.forecast is True:
            from experiments.forecast import tell
            from experiments.setup import experiment

            made = experiment(config)
            tell(made, sweep, about.job.num if sweep else 0)
            made.terms.store.close()
            _leave_nothing(folder, about.job.name)
            return None
        return run(config, folder, sweep)
    except CommonwealError as error:
        if not (folder / "manifest.json").exists():
            _leave_nothing(folder, about.job.name)
        if sweep is not None:
            if isinstance(error, SecretError):
                Path(sweep, "multirun.yaml").unlink(missing_ok=True)
            print(f"job {about.job.num} {_word(error)}: {' '.join(str(error).split())}", file=sys.stderr)
            raise  # the sweep goes on with its other jobs, and ends with the first error
        sys.exit(complain(error))


def _leave_nothing(folder: Path, job: str) -> None:
    """Take away what Hydra saved of a run that was not begun, a secret in a setting among it."""
    shutil.rmtree(folder / ".hydra", ignore_errors=True)
    Path(folder, f"{job}.log").unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _word(error: BaseException) -> str:
    return "incomplete" if isinstance(error, BudgetError) else "failed"


def complain(error: BaseException) -> int:
    """Say an error that a person can mend in one line, and return the exit code; raise a fault of the program again."""
    from hydra.errors import HydraException, MissingConfigException
    from omegaconf.errors import OmegaConfBaseException

    if not isinstance(error, CommonwealError | HydraException | OmegaConfBaseException | OSError):
        raise error
    told = " ".join(str(error).split())
    if isinstance(error, MissingConfigException):
        # Hydra goes on with its search path, which helps nobody.
        told = told.split(" Config search path")[0].replace(" Available options", "; available options")
    incomplete = isinstance(error, BudgetError)
    print(f"{'incomplete' if incomplete else 'error'}: {told}", file=sys.stderr)
    return 3 if incomplete else 2


def _stop(number: int, frame: object) -> None:
    """Say what is waited for, and stop; once more stops at once."""
    signal.signal(number, signal.default_int_handler)
    print("stopping: waiting for the calls under way, which are paid for; once more leaves them", file=sys.stderr)
    raise KeyboardInterrupt


def start() -> None:
    """The entry of the command line."""
    # Hydra would print an error over several lines; with this set it raises, and `complain` says it in one.
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    # A scheduler that ends a job is treated as a person who does.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        sys.exit(complain(error))


if __name__ == "__main__":
    start()
