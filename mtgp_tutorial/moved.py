"""Files of release 0.10 that were merged into others: for one release, an import of the old name says where."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any

MERGED = {
    "answers.correlation": "answers.correlating answers.intervals",
    "answers.predicting": "answers.latent",
    "answers.questions": "answers.asking",
    "arguments": "device table.refusing",
    "exact.bound": "approximate",
    "exact.chain": "exact.state_space",
    "exact.dense": "exact.separate exact.projected",
    "exact.filters": "exact.filtering exact.running",
    "exact.forms": "exact.memory",
    "exact.markov": "exact.blocks exact.slopes exact.loading",
    "exact.smoother": "exact.unknowns exact.drawing",
    "exact.split": "exact.small exact.kronecker",
    "fits.flat": "fits.naming fits.objective",
    "fits.multistart": "fits.looking fits.starting",
    "fits.result": "fits.given",
    "fits.saving": "fits.keeping models.plain table.plain",
    "judging.checking": "judging.findings",
    "judging.comparing": "judging.trials judging.asking judging.doing judging.store",
    "judging.forecasting": "judging.naive",
    "judging.residuals": "judging.along",
    "models.building": "models.inducing",
    "models.kernels": "models.inputs",
    "plots.panels": "plots.verdicts plots.criticism plots.heatmaps",
    "report.arms": "report.program",
    "report.figures": "report.maps",
    "report.holes": "report.rows report.kinds report.moving report.hiding",
    "report.options": "report.refused report.keeping",
    "report.page": "report.sections report.understood report.checking",
    "report.planning": "report.preparing report.affording report.timing",
    "report.run": "report.command report.running",
    "report.tables": "report.reading report.mixed report.writing",
    "report.trial_fits": "report.once report.parameters report.trying",
    "report.verdict": "report.deciding report.covering",
    "report.words": "report.saying report.advising report.last_year",
    "table.data": "table.checks table.scale table.stretch",
    "table.dates": "table.spelling",
    "table.files.reading": "table.reading table.typed table.idle",
    "table.files.text": "table.parsing table.decoding table.columns",
    "table.frames": "table.errors",
    "table.inputs": "table.headers",
    "table.prediction": "table.showing",
    "table.roles": "table.guessing table.long",
}
MOVED = {old: new for new, olds in MERGED.items() for old in olds.split()}


class MovedFinder(MetaPathFinder):
    """Asked last, when no file of that name was found."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        package, _, old = name.partition(".")
        if package == __package__ and old in MOVED:  # no name= below: `from package import old` would swallow it
            raise ModuleNotFoundError(f"{name}: is now {package}.{MOVED[old]}; import it from there")
        return None


def install() -> None:
    """Add the finder once."""
    if not any(isinstance(finder, MovedFinder) for finder in sys.meta_path):
        sys.meta_path.append(MovedFinder())
