"""Run one experiment, or a sweep of them:  python -m experiments.run [-m] [experiment=…] [model=…] [induction=…] …

Compose the configuration, make its objects, run, write, and return the headline number: chance-corrected value
rationality averaged over the population's cells, or mean cooperation where nothing was measured.
"""

import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

from games.errors import CommonwealError, SecretError

if TYPE_CHECKING:
    from omegaconf import DictConfig


def run(config: "DictConfig", folder: Path) -> float | None:
    """Do one run and write it into its folder. Returns its headline number."""
    # Imported here, so that --help and a mistyped override answer at once.
    from experiments.report import redraw
    from experiments.setup import experiment
    from experiments.store import Writer
    from experiments.terminal import Bar, show

    made = experiment(config)
    writer = Writer(folder)
    writer.manifest(made, "running")
    status, reason = "failed", None
    try:
        with Bar(shown=bool(config.progress)) as bar:
            made.run(writer.keep, bar.phase, bar.asked)
        status = "finished"
    except KeyboardInterrupt:
        status = "interrupted"
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise
    finally:
        writer.close()
        writer.manifest(made, status, reason)
        if status != "finished":
            print(f"{status}; what was obtained is in {folder}", file=sys.stderr)
    summary, written = redraw(folder)
    show(summary, folder, written)
    headline: dict[str, float | None] = summary["headline"]
    rationality = headline["value_rationality_corrected"]
    return headline["cooperation"] if rationality is None else rationality


@hydra.main(version_base="1.3", config_path="../conf", config_name="config")
def main(config: "DictConfig") -> float | None:
    """One run, or one job of a sweep."""
    from experiments.setup import refuse_secrets

    about = HydraConfig.get()
    folder = Path(about.runtime.output_dir)
    try:
        refuse_secrets(config)
        return run(config, folder)
    except CommonwealError as error:
        if not (folder / "manifest.json").exists():
            # Nothing was begun: only what Hydra saved is there, a secret in a setting among it.
            shutil.rmtree(folder / ".hydra", ignore_errors=True)
            Path(folder, f"{about.job.name}.log").unlink(missing_ok=True)
            with suppress(OSError):
                folder.rmdir()
        if about.mode == RunMode.MULTIRUN:
            if isinstance(error, SecretError):
                Path(about.sweep.dir, "multirun.yaml").unlink(missing_ok=True)
            print(f"job {about.job.num} failed: {' '.join(str(error).split())}", file=sys.stderr)
            raise  # the sweep goes on with its other jobs, and ends with the first error
        sys.exit(complain(error))


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
    print(f"error: {told}", file=sys.stderr)
    return 2


def start() -> None:
    """The entry of the command line."""
    # Hydra would print an error over several lines; with this set it raises, and `complain` says it in one.
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    # A scheduler that ends a job is treated as a person who does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        sys.exit(complain(error))


if __name__ == "__main__":
    start()
