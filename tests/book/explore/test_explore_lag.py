"""The figure of a lag: what drags, clicks and keys do, and that it says what the text says of it."""

import pytest

REPORTED = "[found.plain.rho, found.known.rho, found.rho]"
IN_GAP = "Math.sqrt(found.tasks[1].variance[50])"
AT = """(changes) => {
    const found = MTGP.lag.compute({ ...MTGP.lag.start, ...changes });
    return { curve: Array.from(found.curve), equal: found.equal, known: found.known.rho };
}"""


def dot(figure):
    """Where the dot of the panel below is, in pixels."""
    path = figure.place.locator(".explore-plot").nth(1).locator(".explore-dot").get_attribute("d")
    return [float(v) for v in path[1:].split("a")[0].split(",")]


def test_a_model_that_knows_the_delay_has_all_back(playing):
    """The box: the correlation, the band in the gap, and the dot in the panel below."""
    figure = playing("lag", "#explore&lag.delay=1")
    (plain, known, shown), wide, low = figure.computed(REPORTED), figure.computed(IN_GAP), dot(figure)
    assert plain == shown and abs(plain) < 0.25 and known > 0.99
    figure.place.get_by_label("the model knows the delay").check()
    assert figure.computed(REPORTED) == [plain, known, known]
    assert figure.computed(IN_GAP) < wide / 5
    assert dot(figure)[1] < low[1] - 50 and dot(figure)[0] == low[0]
    assert "B reports correlation −0.18; with the delay known 1.00, and 19.0 nats more log likelihood." in " ".join(
        figure.words().split()
    )


def test_what_the_text_says(playing):
    """Below the functions' correlation within a length-scale; where it is 0 in this draw; what noise does to it."""
    page = playing("lag").page
    first, long, at_one = (page.evaluate(AT, case) for case in ({}, {"l": 1.5}, {"noise": 0.5, "delay": 1}))
    assert first["curve"][0] > 0.99 and first["curve"][5] < 0.88 and first["curve"][8] > 0 > first["curve"][9]
    assert min(long["curve"]) > 0
    assert at_one["curve"][10] == pytest.approx(0.79, abs=0.005) and at_one["equal"] == pytest.approx(0.61, abs=0.005)
    for delay in (0, 0.5, 1, 2, 3):
        assert page.evaluate(AT, {"delay": delay})["known"] > 0.995
