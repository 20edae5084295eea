"""Figures to play with fit the screen: a laptop has them whole, sliders beside the plots, and a phone by parts."""

import pytest
from opening import changed
from playing import FIGURES

ALL = pytest.mark.parametrize("name", FIGURES)
LAPTOP, PHONE, HEADER = 640, 844, 48  # pixels; the header of a page stays in sight
PARTS = """figure => { const live = figure.querySelector(".explore-live"), top = live.getBoundingClientRect().top;
    const parts = [...live.querySelectorAll("*")].filter(part => !part.closest(".explore-keys, .explore-spoken"));
    const boxes = parts.filter(part => part.getClientRects().length).map(part => part.getBoundingClientRect());
    return Math.max(...boxes.map(box => box.bottom)) - top; }"""
LEFT = "part => part.getBoundingClientRect().left"
# Each picture of the figure: what is drawn, from where to where on the page.
PICTURES = """figure => [...figure.querySelectorAll(".explore-live svg")].filter(svg => svg.getClientRects().length)
    .map(svg => { const { top, bottom } = svg.getBoundingClientRect();
        const parts = [...svg.querySelectorAll("path, g")];
        const drawn = parts.flatMap(part => [part.getAttribute("d"), part.getAttribute("transform")]);
        return [String(drawn), top + scrollY, bottom + scrollY]; })"""
BOX = "part => { const { top, bottom } = part.getBoundingClientRect(); return [top + scrollY, bottom + scrollY]; }"
PRESETS = ".explore-presets button"


@ALL
def test_a_laptop_shows_it_whole(playing, name):
    """Pictures, notes and all that moves them: 640 pixels, in each state of its choices and checks."""
    figure = playing(name)
    for width in (1440, 1280):
        changed(figure.page, width, "light")
        for choice in [None, *figure.place.locator(".explore-bar input").all()]:
            if choice and choice.is_visible():
                choice.evaluate("choice => choice.click()")
                figure.settle()
            assert figure.place.evaluate(PARTS) <= LAPTOP, width
        assert figure.page.evaluate("document.documentElement.scrollWidth") <= width


@ALL
def test_sliders_stand_beside_the_plots_on_a_laptop_and_below_on_a_phone(playing, name):
    figure = playing(name)
    for width, beside in ((390, False), (1024, False), (1280, True)):
        changed(figure.page, width, "light")
        plot = figure.place.locator(".explore-plot:visible").first.bounding_box()
        for slider in figure.place.locator(".explore-slider").all():
            assert (slider.evaluate(LEFT) >= plot["x"] + plot["width"]) is beside, width


@ALL
def test_a_phone_shows_a_slider_with_a_picture_that_it_moves(playing, name):
    """The whole of at least one, and the slider, in the screen below the header."""
    figure = playing(name, width=390, has_touch=True)
    for slider in figure.place.locator(".explore-slider").all():
        slider.locator("input").evaluate("slider => slider.focus({preventScroll: true})")
        before = figure.place.evaluate(PICTURES)
        figure.page.keyboard.press("ArrowLeft")
        if figure.state == figure.start:  # at its end
            figure.page.keyboard.press("ArrowRight")
        figure.settle()
        moved = [then[1:] for then, now in zip(before, figure.place.evaluate(PICTURES)) if then[0] != now[0]]
        top, bottom = slider.evaluate(BOX)
        spans = [max(bottom, low) - min(top, high) for high, low in moved]
        assert spans and min(spans) <= PHONE - HEADER, slider.inner_text()
        figure.start_from("")


@ALL
def test_the_tab_key_goes_down_the_stage_and_then_beside_it(playing, name):
    """As on a phone: bar, plots, what stands beside them, the fold."""
    figure = playing(name)
    order = figure.place.evaluate(
        """figure => { const places = ["bar", "stage", "beside", "keys"];
            const stops = figure.querySelectorAll(".explore-live :is(button, input, summary, [tabindex='0'])");
            return [...stops].map(stop => places.findIndex(where => stop.closest(`.explore-${where}`))); }"""
    )
    assert order == sorted(order) and order[-1] == 3 and -1 not in order


@pytest.mark.parametrize("name", ["icm", "lmc", "noise", "posterior"])
def test_a_preset_brings_values_and_stays_down_while_they_hold(playing, name):
    figure = playing(name, reduced_motion="reduce")
    for preset in figure.place.locator(PRESETS).all():
        preset.click()
        figure.settle()
        assert preset.get_attribute("aria-pressed") == "true", preset.inner_text()
    there = figure.state
    assert there != figure.start
    figure.place.locator(".explore-slider input").first.press("ArrowLeft")
    for other in ("l", "noise", "r", "rho", "fast"):
        if other in there:
            figure.place.evaluate("(figure, key) => figure.explore.go({[key]: figure.explore.start[key]})", other)
    figure.settle()
    starts = figure.place.locator(PRESETS).evaluate_all("all => all.map(one => one.ariaPressed)")
    assert starts.count("true") == (name == "icm")  # whose first preset is its start


@pytest.mark.parametrize(("name", "tick"), [("prior", None), ("readings", "three draws of f"), ("lag", None)])
def test_a_new_draw_is_another_and_reset_brings_back_the_first(playing, name, tick):
    figure = playing(name, reduced_motion="reduce")
    button = figure.place.get_by_role("button", name="New draw")
    if tick:
        assert button.get_attribute("aria-disabled") == "true"
        figure.place.get_by_label(tick).check()
    seen = [figure.shapes()]
    for draw in (1, 2):
        button.click()
        seen.append(figure.shapes())
        assert figure.state["draw"] == draw
    assert len(set(map(tuple, seen))) == 3
    assert playing(name, figure.address(), reduced_motion="reduce").shapes() == seen[2]
    figure.place.get_by_role("button", name="Reset").click()
    if tick:
        figure.place.get_by_label(tick).check()
    assert figure.shapes() == seen[0]
