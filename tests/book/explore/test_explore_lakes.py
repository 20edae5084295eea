"""The figure of the Great Lakes: what the sentences beside it claim, and what drags, keys and boxes do."""

import pytest

ALL_FOUR = [1, 1, 1, 1]


def widths(playing, *off):
    """Mean sd of what is hidden from Erie from 1932 to 1943, together and alone, when these lakes are silent."""
    figure = playing("lakes", f"#explore&lakes.off={','.join(map(str, off))}")
    mean = "found[0].{}.reduce((sum, one) => sum + Math.sqrt(one.variance), 0) / 12"
    return [figure.computed(mean.format(name)) for name in ("together", "alone")]


def test_what_the_text_says(playing):
    """One lake doubles Erie's band, no other widens it by a quarter; with all four silent it is as wide as alone."""
    own, alone = widths(playing, 1, 0, 0, 0)
    assert own < 0.2 * alone
    assert widths(playing, 1, 0, 0, 1)[0] > 2 * own
    assert max(widths(playing, 1, 1, 0, 0)[0], widths(playing, 1, 0, 1, 0)[0]) < 1.25 * own
    for one_is_read in ((1, 1, 1, 0), (1, 1, 0, 1), (1, 0, 1, 1)):
        together, alone = widths(playing, *one_is_read)
        assert together < 0.6 * alone
    assert [f"{widths(playing, 1, 0, 0, silent)[0]:.2f}" for silent in (0, 1)] == ["0.04", "0.09"]  # as the answer says
    together, alone = widths(playing, *ALL_FOUR)
    assert f"{together:.2f}" == f"{alone:.2f}" == "0.27"
    assert together == pytest.approx(alone, rel=0.02)
