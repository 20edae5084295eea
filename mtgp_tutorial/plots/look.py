"""The book's look: a colour, a line and a marker for each task, and the letters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import torch
from matplotlib.font_manager import fontManager

# One colour, line and marker for each task, in every figure. All colours have a contrast of 3 or more on white and,
# turned over as the pages do, on dark. The first four keep apart for readers who see no red, no green or no blue; the
# next four share lines and markers with them, each with one from which it keeps apart (tests/plots/test_palette.py).
COLOURS = ["#4b3fa8", "#a87b00", "#44a05a", "#882255", "#d1495b", "#00889c", "#5a5a5a", "#3a8fd0"]
LINES = ["-", (0, (6, 1.5)), (0, (6, 1.5, 1, 1.5)), (0, (1.5, 1))]
MARKERS = ["o", "s", "^", "D"]
ROLES = {"ICM, full noise": 1, "ICM": 0, "LMC": 2, "regression + GP": 5, "regression": 3, "half and half": 4}
ALONE = 6  # all that see one column

FACE = "MTGP Sans"  # the face of the pages' labels, under a name of its own (fonts/OFL.txt)
LOOK: Any = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.family": [FACE, "DejaVu Sans"],  # the second where the first lacks a letter
    "font.size": 11.5,  # a figure 6.4 inches wide has it at 8.8 pixels on a phone
    "axes.titlesize": "medium",
    "figure.labelsize": "medium",
    "axes.titlelocation": "left",
    "axes.edgecolor": "0.35",
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "axes.formatter.min_exponent": 4,  # 0.01, not a power whose exponent nobody can read
    "mathtext.fontset": "custom",  # letters of a formula as on the pages, with serifs; its digits as around it
    "mathtext.rm": FACE,
    "mathtext.sf": FACE,
    "mathtext.bf": f"{FACE}:bold",
    "mathtext.it": "STIXGeneral:italic",
    "mathtext.cal": "STIXGeneral:italic",
    "mathtext.fallback": "stix",
}


def style(t: int) -> dict[str, Any]:
    """Colour and line of task t, for `Axes.plot`.

    Args:
        t (int): the task's number.

    >>> from mtgp_tutorial import plots
    >>> plots.style(0)
    {'color': '#4b3fa8', 'linestyle': '-'}
    """
    return {"color": COLOURS[t % len(COLOURS)], "linestyle": LINES[t % len(LINES)]}


def marker(t: int) -> str:
    """Marker of task t, for `Axes.scatter`.

    Args:
        t (int): the task's number.

    >>> from mtgp_tutorial import plots
    >>> plots.marker(0), plots.marker(4)
    ('o', 'o')
    """
    return MARKERS[t % len(MARKERS)]


def role(arm: str) -> int:
    """The number of a model's colour, line and marker, the same in every figure: that of the role its name begins with.

    Grey for all that see one column: climatology, bridge, independent GPs.

    Args:
        arm (str): the model's name.

    >>> from mtgp_tutorial import plots
    >>> plots.role("ICM"), plots.role("ICM, full noise")
    (0, 1)
    >>> plots.style(plots.role("LMC"))["color"]
    '#44a05a'
    """
    return next((t for name, t in ROLES.items() if arm.startswith(name)), ALONE)


def use_style() -> None:
    """The book's look: its letters, white figures at twice the screen's resolution; silences a notice of torch.sparse.

    >>> import matplotlib as mpl
    >>> from mtgp_tutorial import plots
    >>> with mpl.rc_context():  # outside a `with` it lasts
    ...     plots.use_style()
    ...     mpl.rcParams["axes.spines.top"]
    False
    """
    if FACE not in fontManager.get_font_names():  # the letters that the module brings along, told once
        for path in sorted((Path(__file__).parent / "fonts").glob("*.ttf")):
            fontManager.addfont(path)
    mpl.rcParams.update(LOOK)
    torch.sparse.check_sparse_tensor_invariants.disable()  # else linear_operator's use of them warns
    try:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:  # outside Jupyter there is nothing to set
        return
    set_matplotlib_formats("retina")
