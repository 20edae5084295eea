"""The answer in words: what the trials say of this table, and of no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mtgp_tutorial.report.arms import BASELINE
from mtgp_tutorial.report.covering import covered
from mtgp_tutorial.report.deciding import Decision
from mtgp_tutorial.report.kinds import Kind

BOLD = {
    "wins": "Sharing wins{of} on this table: {arm} fills its holes.",
    "loses": "Sharing loses{of} on this table: the tasks are kept apart.",
    "not told apart": "On this table the trials do not tell sharing from separate tasks{of}; the tasks are kept apart.",
    "undecided": "Undecided: {why}. The tasks are kept apart.",
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
    """The answer in one sentence, which names the tasks that it is about where these are few."""
    winners = [task for task, row in decision.tasks.iterrows() if row["verdict"] == "wins"]
    if decision.word == "not told apart" and winners:
        return (
            f"Sharing wins for {listed([str(task) for task in winners])}; over all tasks with holes it is not told "
            "apart, so the tasks are kept apart."
        )
    return BOLD[decision.word].format(arm=decision.best, why=decision.why, of=_of(decision, own, "for"))


def sentences(decision: Decision, kinds: Sequence[Kind], own: bool) -> list[str]:
    """Three sentences with numbers; the first speaks of the tasks that were asked for."""
    asked, best = decision.asked, decision.best
    error, crps = asked.loc["error"], asked.loc["CRPS"].loc[best]
    trials = decision.scores["trial"].nunique()
    lower = round(float(crps["share lower"]) * trials)
    of = _of(decision, own, "of")
    band = covered(decision)
    return [
        f"{trials} times the program hid {what_is_hidden(kinds, own)}. The error{of} was "
        f"{error.loc[BASELINE, 'mean']:.2f} standard deviations of a task when each task stood alone, and "
        f"{error.loc[best, 'mean']:.2f} with {best}.",
        f"The CRPS of {best} less that of separate tasks is {crps['mean difference']:+.3f} ± "
        f"{crps['standard error']:.3f} (standard error over {int(crps['clusters'])} parts of the table), lower in "
        f"{lower} of {trials} trials: {verdict_words(decision.word)}.",
        f"{band.share} of the model that fills the table ({decision.fills})"
        f"{f': it is {band.word}' if band.word else ''}.",
    ]


def _of(decision: Decision, own: bool, word: str) -> str:
    """The tasks whose holes were imitated, where these are few."""
    tasks = sorted(set(decision.scores.loc[decision.scores["asked"], "task"]))
    return f" {word} {listed(tasks)}" if own and len(tasks) < 4 else ""


def verdict_words(word: str) -> str:
    """The verdict at the end of a sentence."""
    return word if word in ("wins", "loses") else word.replace("undecided", "no verdict")


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
