"""`python -m benchmarks.local_runtime.run [override …]`: the default experiment against a real local model runtime.

Sets up the server of llama-cpp-python in an environment of its own (once, by compiling it), makes a tiny model with
random weights, serves it, and runs the experiment for each way of answering. Overrides go to the experiment:
`experiment=slider repetitions=2` is a smaller one.
"""

import argparse
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
CONTEXT = 16384  # tokens; a prompt has about one token for each character
PATIENCE = 60  # seconds that the server may take to start
ANSWERS = {"text": 16, "schema": 64, "probabilities": 1}  # longest answer in tokens; JSON takes one for each character


def environment(folder: Path) -> Path:
    """The Python of the environment in `folder`, made if it is not there as pinned."""
    python, pins, stamp = folder / "bin" / "python", HERE / "requirements.txt", folder / ".installed"
    if not (stamp.exists() and stamp.read_text() == pins.read_text()):
        print("compiling the runtime, which takes 5 to 10 minutes", flush=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", pins], check=True)
        stamp.write_text(pins.read_text())
    return python


@contextmanager
def served(python: Path, model: Path, log: Path) -> Iterator[str]:
    """Serve the model on a free port; the address to give to Commonweal."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {"model": model, "model_alias": "noise", "host": "127.0.0.1", "port": port, "n_ctx": CONTEXT}
    options |= {"logits_all": "true", "verbose": "false"}  # the runtime knows probabilities only with logits_all
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    with log.open("w") as output:
        server = subprocess.Popen([python, "-m", "llama_cpp.server", *words], stdout=output, stderr=output)
    try:
        address = f"http://127.0.0.1:{port}/v1"
        wait_for(address, server, log)
        yield address
    finally:
        server.kill()  # asked to end, it would first finish answers that nobody waits for
        server.wait()


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers; raise SystemExit with its last words if it does not."""
    started = time.monotonic()
    while server.poll() is None and time.monotonic() - started < PATIENCE:
        try:
            with urllib.request.urlopen(f"{address}/models", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"the server did not start; its last words:\n{log.read_text()[-2000:]}")


def experiment(address: str, answer: str, folder: Path, overrides: list[str]) -> tuple[bool, str]:
    """Run Commonweal once: whether it finished, and in one line what it took."""
    settings = {
        "model": "openai_compatible",
        "model.name": "noise",
        "model.base_url": address,
        "model.answer": answer,
        "model.dialect": "llama_cpp",
        "model.max_tokens": ANSWERS[answer],
        "model.concurrency": 4,
        "replies.store": folder / "replies.sqlite",  # its own: every reply is the server's, now
        "hydra.run.dir": folder,
    }
    words = [f"{name}={value}" for name, value in settings.items()]
    started = time.monotonic()
    ended = subprocess.run([sys.executable, "-m", "experiments.run", *words, *overrides], cwd=CHECKOUT)
    seconds = time.monotonic() - started
    if ended.returncode:
        return False, f"{answer:13}  did not finish; exit code {ended.returncode} after {seconds:.0f} s"
    return True, f"{answer:13}  {seconds:.0f} s, {told(pd.read_parquet(folder / 'decisions.parquet'))}"


def told(decisions: pd.DataFrame) -> str:
    """Calls, tokens, and failures by reason."""
    taken = decisions[["calls", "tokens_in", "tokens_out"]].sum().astype(int)
    failures = decisions["failure"].value_counts()
    reasons = f" ({', '.join(f'{reason} {count}' for reason, count in failures.items())})" if len(failures) else ""
    return (
        f"{taken['calls']} calls, {taken['tokens_in']} tokens read, {taken['tokens_out']} written, "
        f"{failures.sum()} of {len(decisions)} decisions failed{reasons}"
    )


def main() -> None:
    """Read the command line, and run."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--env", type=Path, default=HERE / ".venv", help="the runtime's environment")
    arguments.add_argument("--answer", action="append", choices=ANSWERS, help="this way of answering alone")
    arguments.add_argument("--seed", type=int, default=1, help="of the model's weights")
    arguments.add_argument("--lean", type=float, default=8.0, help="how far the noise leans on answers")
    arguments.add_argument("overrides", nargs="*", help="settings of the experiment")
    given = arguments.parse_intermixed_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends this ends the server, too

    python = environment(given.env.absolute())
    answers: list[str] = given.answer or list(ANSWERS)
    results = CHECKOUT / "results" / "local_runtime" / datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    with tempfile.TemporaryDirectory() as scratch:
        model, log = Path(scratch, "noise.gguf"), Path(scratch, "server.log")
        numbers = ["--seed", str(given.seed), "--lean", str(given.lean)]
        subprocess.run([python, HERE / "make_model.py", model, *numbers], check=True)
        with served(python, model, log) as address:
            ended = [experiment(address, answer, results / answer, given.overrides) for answer in answers]
    print("\n".join(line for _, line in ended))
    sys.exit(not all(finished for finished, _ in ended))


if __name__ == "__main__":
    main()
