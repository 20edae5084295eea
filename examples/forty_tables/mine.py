"""A method of one's own: its predictions go to mine.csv.

python examples/forty_tables/mine.py
python examples/forty_tables/score.py mine.csv
"""

import numpy as np
import pandas as pd
from sources import specs
from trials import trials


def answer(seen):
    """Mean and sd [N, T] of every cell; hidden ones are NaN in seen.y."""
    y = seen.y.numpy()
    whole = (of(y, axis=0) for of in (np.nanmean, np.nanstd))
    return [np.broadcast_to(one, y.shape) for one in whole]


parts = []
for name in specs().query("aside == 0").index:
    for number, trial in enumerate(trials(name)):
        at = trial.rows, trial.columns  # of the cells that are asked for
        mean, sd = (one[at] for one in answer(trial.seen))
        column = [trial.seen.tasks[t] for t in trial.columns]
        cells = pd.DataFrame({"row": trial.rows, "column": column})
        cells = cells.assign(table=name, trial=number, mean=mean, sd=sd)
        parts.append(cells)
pd.concat(parts).to_csv("mine.csv", index=False)
