"""The answer in words: what fills this table, and what the trials say of it and of no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mtgp_tutorial.report.arms import BASELINE
from mtgp_tutorial.report.covering import covered
from mtgp_tutorial.report.deciding import Decision
from mtgp_tutorial.report.kinds import Kind

VERDICTS = {  # on the arm that fills, or the best that shares
    "wins": "sharing wins{of}",
    "loses": "sharing loses{of}",
    "not told apart": "the trials do not tell sharing from separate tasks{of}",
    "undecided": "nothing, as {why}",
}
NAMES = {
    "gap": ("gap", "gaps"),
    "start": ("late start", "late starts"),
    "end": ("ragged end", "ragged ends"),
    "scattered": ("set of single cells", "sets of single cells"),
    "disc": ("disc of places", "discs of places"),
}


def listed(names: Sequence[str]) -> str:
    """a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def what_is_hidden(kinds: Sequence[Kind], own: bool) -> str:
    """What each trial hides, for "the program hid ..."."""
    if not own:
        return "a sixth of one task, each task in turn (its own choice, for the table has no holes to imitate)"
    count = Counter(kind.place for kind in kinds)
    words = [NAMES[place][0] if n == 1 else f"{n} {NAMES[place][1]}" for place, n in count.items()]
    return f"cells as the table's own holes are ({listed(words)}, with all else that is missing there, moved)"


def bold(decision: Decision, own: bool) -> str:
    """What fills the table and by how much it was ahead, in one sentence. own: whether the table has holes."""
    mean = decision.asked.loc["CRPS"]["mean"]
    ahead = (
        f"the CRPS{_of(decision, own, 'of')} in the trials was {mean[decision.best]:.3f} standard deviations with "
        f"{decision.best}, {mean[BASELINE]:.3f} when each task stood alone"
    )
    alone = f"Each task is {'filled' if own else 'modelled'} alone"
    if decision.fills != BASELINE:
        return f"{decision.fills} {'fills the holes' if own else 'suits this table best'}: {ahead}."
    if mean[decision.best] < mean[BASELINE]:
        return f"{alone}: {ahead}, ahead by less than half a standard error, and then the simpler model is taken."
    return f"{alone}, as no model that shares did better: {ahead}."


def claim(decision: Decision, own: bool) -> str:
    """The verdict, which is another matter than the choice."""
    verdict = VERDICTS[decision.word].format(why=decision.why, of=_of(decision, own, "for"))
    return f"That is the choice for this table. What may be claimed is another matter: {verdict}."


def sentences(decision: Decision, kinds: Sequence[Kind], own: bool) -> list[str]:
    """Four sentences, the last three with numbers; they speak of the tasks that were asked for."""
    asked, best = decision.asked, decision.best
    error, crps = asked.loc["error"], asked.loc["CRPS"].loc[best]
    trials = decision.scores["trial"].nunique()
    lower = round(float(crps["share lower"]) * trials)
    of = _of(decision, own, "of")
    band = covered(decision)
    return [
        claim(decision, own),
        f"{trials} times the program hid {what_is_hidden(kinds, own)}. The error{of} was "
        f"{error.loc[BASELINE, 'mean']:.2f} standard deviations of a task when each task stood alone, and "
        f"{error.loc[best, 'mean']:.2f} with {best}.",
        f"The CRPS of {best} less that of separate tasks is {crps['mean difference']:+.3f} ± "
        f"{crps['standard error']:.3f} (standard error over {int(crps['clusters'])} parts of the table), lower in "
        f"{lower} of {trials} trials.",
        f"{band.share} of the model that fills the table ({decision.fills})"
        f"{f': it is {band.word}' if band.word else ''}.",
    ]


def _of(decision: Decision, own: bool, word: str) -> str:
    """The tasks whose holes were imitated, where these are few."""
    tasks = sorted(set(decision.scores.loc[decision.scores["asked"], "task"]))
    return f" {word} {listed(tasks)}" if own and len(tasks) < 4 else ""


def by_task(decision: Decision) -> str:
    """The verdict for each asked task, where there are several."""
    groups: dict[str, list[str]] = {}
    for task, row in decision.tasks.iterrows():
        groups.setdefault(str(row["verdict"]), []).append(str(task))
    parts = [f"{word} for {listed(tasks)}" for word, tasks in groups.items()]
    if not parts:
        return ""
    return f"Task by task, with Holm's correction for {len(decision.tasks)} tasks, {decision.best}: {'; '.join(parts)}."


def on_hidden(decision: Decision) -> str:
    """What all hidden cells say, where trials hid more than what was asked for."""
    if decision.hidden is None:
        return ""
    row = decision.hidden.loc[("CRPS", decision.best)]
    return (
        f"Over all tasks that were hidden with them the difference is {row['mean difference']:+.3f} ± "
        f"{row['standard error']:.3f}: {row['verdict']}."
    )
