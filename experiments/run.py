"""Run one experiment, or a sweep of them:  python -m experiments.run [-m] [experiment=…] [model=…] [induction=…] …

Compose the configuration, make its objects, run, write, and return the headline number: chance-corrected value
rationality averaged over the population's cells, or mean cooperation where nothing was measured.
"""

import os
import re
import shutil
import signal
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import OmegaConf

from games.errors import BudgetError, CommonwealError, SecretError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omegaconf import DictConfig

    from experiments.jobs import Job
    from games.types import Choice


def run(
    config: "DictConfig", folder: Path, sweep: Path | None = None, job: "Job | None" = None, *, alone: bool = True
) -> float | None:
    """Do one run and write it into its folder. Returns its headline number.

    sweep: the folder of the sweep that it is a job of.  job: its entry in the sweep's journal.  alone: whether it has
    the terminal for itself; several jobs at once write lines and no bars and tables. Raises BudgetError, after all has
    been written, when the budget was reached.
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
        summary, written = redraw(folder, made.figures)
        if alone:
            show(summary, folder, written)
        return _headline(summary)
    writer = Writer(folder, made.terms.payer)
    writer.manifest(made, "running")
    status, reason, started = "failed", None, time.monotonic()
    if job is not None:
        job.begin(sum(made.asked_in(phase) for phase in made.phases))
    try:
        with Bar(shown=bool(config.progress), each="" if alone or job is None else f"job {job.number}: ") as bar:
            made.run(writer.keep, bar.phase, _both(bar.asked, job), bar.told)
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
        if job is not None:
            job.account(made.accounting())
        if status not in {"finished", "incomplete"}:
            print(f"{status}; what was obtained is in {folder} and in the reply store", file=sys.stderr)
    summary, written = redraw(folder, made.figures)
    if alone:
        show(summary, folder, written)
    if status == "incomplete":
        raise BudgetError(reason)
    return _headline(summary)


def _both(shown: "Callable[[Choice], None]", job: "Job | None") -> "Callable[[Choice], None]":
    """Count a choice on the bar, and in the journal of a sweep's job."""
    if job is None:
        return shown

    def asked(choice: "Choice") -> None:
        shown(choice)
        job.asked(choice)

    return asked


def _headline(summary: "Mapping[str, Any]") -> float | None:
    headline: dict[str, float | None] = summary["headline"]
    rationality = headline["value_rationality_corrected"]
    return headline["cooperation"] if rationality is None else rationality


@hydra.main(version_base="1.3", config_path="../conf", config_name="config")
def main(config: "DictConfig") -> float | None:
    """One run, or one job of a sweep."""
    from experiments.jobs import belongs
    from experiments.setup import refuse_secrets

    about = HydraConfig.get()
    folder = Path(about.runtime.output_dir)
    swept = about.mode == RunMode.MULTIRUN
    if config.forecast is not True:
        place = (Path(about.sweep.dir), int(about.job.num)) if swept else belongs(folder)
        if place is not None:
            return _job(config, *place, swept=swept)
    try:
        refuse_secrets(config)
        if config.forecast is True:
            from experiments.forecast import tell
            from experiments.setup import experiment

            made = experiment(config)
            tell(made, Path(about.sweep.dir) if swept else None, about.job.num if swept else 0)
            made.terms.store.close()
            _leave_nothing(folder, about.job.name)
            return None
        return run(config, folder)
    except CommonwealError as error:
        if not (folder / "manifest.json").exists():
            _leave_nothing(folder, about.job.name)
        sys.exit(complain(error))


def _job(config: "DictConfig", sweep: Path, number: int, *, swept: bool) -> float | None:
    """Do one job of a sweep, and enter in the sweep's journal what came of it. Returns its headline number.

    swept: whether the sweep is under way, so that an error must not end it; otherwise the job is done again alone. None
    for a job that failed: the journal has its error, and the process that does the sweep tells it at the end; where
    several processes do jobs, it tells of them all.
    """
    from experiments.jobs import Job, asked, tell
    from experiments.setup import refuse_secrets
    from experiments.store import read_json
    from experiments.sweep import one_by_one, settle, totals

    about = HydraConfig.get()
    settings: Any = OmegaConf.to_container(config, resolve=False)
    overrides: Any = OmegaConf.to_container(about.overrides.task, resolve=False)
    job = Job(sweep, number, overrides, asked(settings))
    alone = not swept or one_by_one(about.launcher)
    if job.finished:
        if alone:
            tell(f"{job.title} is finished already")
        return _headline(read_json(job.folder, "summary"))
    status, told, reason = "failed", None, None
    try:
        refuse_secrets(config)
        if config.progress and alone:
            tell(job.title)
        job.begin()
        headline = run(config, job.folder, sweep, job, alone=alone)
        status = "finished"
        return headline
    except (KeyboardInterrupt, SystemExit):
        status = "interrupted"
        raise
    except Exception as error:
        status, told = _word(error), " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, SecretError):
            job.withhold()
            Path(sweep, "multirun.yaml").unlink(missing_ok=True)
        if not (job.folder / "manifest.json").exists():
            _leave_nothing(job.folder, about.job.name)
        if not swept:
            reason = error
        elif not isinstance(error, CommonwealError):
            told = f"{type(error).__name__}: {told}"
            traceback.print_exc()
    finally:
        job.end(status, told)
        if alone and (config.progress or told):
            tell(job.told)
        if not swept:
            settle(sweep)
        elif alone and config.progress:
            tell(totals(sweep))
    if reason is not None:
        sys.exit(complain(reason))
    return None


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
        if found := re.search(r"hydra/launcher/(joblib|submitit|ray)", told):
            told += f"; to have it: make install EXTRA={found[1]}"
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
    code = 0
    try:
        main()
    except KeyboardInterrupt:
        code = 130
    except Exception as error:
        code = _ended(error)
    from experiments.sweep import begun

    if (sweep := begun()) is not None:
        code = sweep.end(code)
    sys.exit(code)


def _ended(error: Exception) -> int:
    """The exit code for what ended Hydra; whatever a launcher raises, the sweep must be told of."""
    from experiments.sweep import begun

    if begun() is None:
        return complain(error)
    try:
        return complain(error)
    except Exception:
        traceback.print_exc()
        return 1


if __name__ == "__main__":
    start()
