"""The figure of the Great Lakes: what the sentences beside it claim."""


def widths(playing, crew):
    """Mean sd of what is hidden of Erie, together and alone, if the crew stays so long."""
    figure = playing("lakes", f"#explore&lakes.crew={crew}&lakes.off=0,0,0,0")
    mean = "found[0].{}.reduce((sum, one, i, all) => sum + Math.sqrt(one.variance) / all.length, 0)"
    return [figure.computed(mean.format(name)) for name in ("together", "alone")]


def test_what_the_text_says(playing):
    """Visits of four years instead of two cost all four lakes together a centimetre, and each alone four or five."""
    two, four = (widths(playing, crew) for crew in (1, 2))
    assert [f"{sd:.2f}" for sd in (two[0], four[0], two[1], four[1])] == ["0.09", "0.10", "0.23", "0.27"]
    assert four[0] - two[0] < 0.3 * (four[1] - two[1])


def test_nobody_reads_two_lakes_in_one_year(playing):
    """The crew reads each lake in its turn, and each year one; the last choice reads all."""
    rows = "found.map(one => one.rows)"
    for crew, years in enumerate((1, 2, 4)):
        hidden = playing("lakes", f"#explore&lakes.crew={crew}&lakes.off=0,0,0,0").computed(rows)
        expected = [[i for i in range(92) if i // years % 4 != t] for t in range(4)]
        assert hidden == expected
    assert playing("lakes", "#explore&lakes.crew=3&lakes.off=0,0,0,0").computed(rows) == [[], [], [], []]
