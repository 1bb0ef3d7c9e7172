"""What a run was made with: versions, revision, seed, models, and a hash of every text that a model read."""

import hashlib
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from experiments.protocol import Experiment
from experiments.schema import VERSION
from games.types import Game
from games.yardsticks import Standard, Yardsticks


def manifest(
    experiment: Experiment,
    status: str,
    error: str | None = None,
    seconds: float | None = None,
    forecast: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The manifest as it goes into `manifest.json`.

    status: "running", "finished", "incomplete" (a budget was reached), "interrupted" or "failed".
    error: in one line, for a run that did not finish.  seconds: how long it took.
    forecast: what was expected before the first call.
    """
    agents = [member.agent for member in experiment.members]
    installed = {one.metadata["Name"]: one.version for one in distributions()}
    return {
        "schema": VERSION,
        "experiment": experiment.name,
        "status": status,
        "error": error,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": seconds,
        "settings": experiment.terms.payer,
        "replies": {"mode": experiment.terms.mode.value, "store": str(experiment.terms.store.path)},
        "seed": experiment.seed,
        "phases": list(experiment.phases),
        "game": experiment.game.name,
        "players": experiment.game.players,
        "rounds": experiment.game.rounds,
        "conditions": asdict(experiment.conditions),
        "yardsticks": yardsticks(experiment.game),
        "measure": experiment.measure.name,
        "measures": [measure.name for measure in experiment.measures],
        "statistics": asdict(experiment.resampling),
        "stop": asdict(experiment.stop) if experiment.stop else None,
        "memory": experiment.memory,
        "cooperation": experiment.cooperation,
        "matching_lasting": experiment.matching.lasting,
        "presentation": asdict(experiment.presentation),
        "estimates": experiment.estimates,
        "on_unreadable": experiment.on_unreadable,
        "on_failure": experiment.on_failure,
        "budget": {name: getattr(experiment.terms.budget, name) for name in ("calls", "tokens", "cost")},
        "accounting": experiment.accounting(),
        "forecast": forecast,
        "synthetic": experiment.synthetic,
        "synthetic_agents": sorted({f"{one.kind}/{one.model}" for one in agents if one.synthetic}),
        "models": {
            gateway.name: {
                "synthetic": gateway.synthetic,
                "identities": sorted(gateway.identities),
                "settings": experiment.models[gateway.name],
            }
            for gateway in experiment.gateways
        },
        "prompts": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in experiment.prompts().items()},
        "code": revision(),
        "python": platform.python_version(),
        "packages": dict(sorted(installed.items())),
    }


def yardsticks(game: Game[Any]) -> dict[str, Any] | None:
    """What theory says of the game, as plain values; None for a game that does not say it."""
    made = getattr(game, "yardsticks", None)
    if made is None:
        return None
    found: Yardsticks = made()

    def plain(one: Standard) -> dict[str, Any]:
        points = {"points": one.mean, "each": list(one.points), "total": one.total}
        return {"acts": one.acts, **points, "cooperation": one.cooperation}

    return {
        "span": found.span,
        "concept": found.concept,
        "equilibria": [plain(one) for one in found.equilibria],
        "optimum": plain(found.optimum),
        "benchmark": found.benchmark,
        "least": found.least,
        "most": found.most,
        "ideal": {who.value: {stage: list(acts) for stage, acts in stages} for who, stages in found.ideal.items()},
        "exact": found.exact,
        "expected": found.expected,
    }


def revision() -> dict[str, Any]:
    """The checkout's commit and whether it has uncommitted changes; both None where git does not say."""
    top = Path(__file__).resolve().parent.parent

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", *words], cwd=top, capture_output=True, text=True, timeout=10, check=True)
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()

    changes = git("status", "--porcelain")
    return {"commit": git("rev-parse", "HEAD"), "uncommitted_changes": None if changes is None else bool(changes)}
