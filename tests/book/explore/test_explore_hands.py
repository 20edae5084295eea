"""Figures to play with as a finger, a key and an ear meet them: swipes, lines, points, presets, draws, contrasts.

What is made by the same code is tried on a few figures.
"""

import io
import re

import pytest
from PIL import Image

SLIDER = ".explore-slider input"
COLOURS = """(figure, names) => names.map(name => {
    const probe = figure.querySelector(".explore-live").appendChild(document.createElement("i"));
    probe.style.cssText = `color: var(--${name})`;
    const paper = document.createElement("canvas").getContext("2d");
    paper.fillStyle = getComputedStyle(probe).color;
    paper.fillRect(0, 0, 1, 1);
    probe.remove();
    return [...paper.getImageData(0, 0, 1, 1).data].slice(0, 3);
})"""
CENTRED = "part => part.scrollIntoView({block: 'center', behavior: 'instant'})"


def contrast(one, other):
    """Of two colours [r, g, b], as WCAG counts it."""
    lights = []
    for colour in (one, other):
        linear = [v / 3294.6 if v <= 10 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in colour]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
    return max(lights) / min(lights)


def grip(part, share=0.5):
    """A place on a slider's rail, or on a line."""
    part.evaluate(CENTRED)
    box = part.bounding_box()
    return box["x"] + share * box["width"], box["y"] + box["height"] / 2


def test_a_finger_on_a_slider_scrolls_upwards_and_moves_it_sideways(playing):
    """What goes up changes nothing, even where the finger rested first, so long that address and status followed."""
    figure = playing("icm", "#explore&other.a=1", width=390, has_touch=True)
    figure.place.locator(SLIDER).first.focus()
    for number, slider in enumerate(figure.place.locator(SLIDER).all()[:3]):
        x, y = grip(slider, 0.7 if float(slider.evaluate("s => s.style.getPropertyValue('--to')")) < 0.6 else 0.2)
        before, top, address = figure.state, figure.page.evaluate("scrollY"), figure.address()
        figure.swipe(x, y, 8, -160, rest=0 if number else 500)
        assert figure.page.evaluate("scrollY") > top + 50
        assert figure.state == before and figure.address() == address
        figure.page.touchscreen.tap(*grip(slider, 0.8))
        tapped = figure.state
        figure.swipe(*grip(slider, 0.8), -120, 0)
        assert before != tapped != figure.state


@pytest.mark.parametrize("name", ["icm", "hole", "scores"])
def test_a_swipe_that_begins_on_a_marker_or_an_edge_scrolls_too(playing, name):
    """Though it goes a little sideways."""
    figure = playing(name, width=390, has_touch=True)
    for handle in figure.place.locator(".explore-handle:visible path").all():
        at, before, top = grip(handle), figure.state, figure.page.evaluate("scrollY")
        figure.swipe(*at, 60, -160)
        assert figure.page.evaluate("scrollY") > top + 50 and figure.state == before


@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "finger"])
@pytest.mark.parametrize(
    ("name", "key", "label"), [("scores", "y", "the reading"), ("noise", "row", "the row of which")]
)
def test_the_line_of_a_marker_is_dragged_and_brought_to_a_click(playing, name, key, label, touch):
    """At any height; live, before the button is up. A click close to the line of the scores brings it there."""
    figure = playing(name, width=390, has_touch=True) if touch else playing(name)
    line = figure.place.locator(f".explore-handle[aria-label^='{label}'] line")
    for share in (0.5,) if name == "noise" else (0.15, 0.85):  # its points, which come first, lie on the line
        line.evaluate(CENTRED)
        figure.settle()
        box, before = line.bounding_box(), figure.state[key]
        x, y = box["x"] + 2, box["y"] + share * box["height"]
        by = 70 if x < figure.page.viewport_size["width"] / 2 else -70
        if touch:
            figure.swipe(x, y, by, 0)
        else:
            figure.page.mouse.move(x, y)
            figure.page.mouse.down()
            figure.page.mouse.move(x + by, y, steps=5)
        assert (figure.state[key] - before) * by > 0, share
        figure.page.mouse.up()
        assert abs(line.bounding_box()["x"] - box["x"] - by) < 15, share  # rows are steps of some pixels
    if name == "scores":
        x, y = line.bounding_box()["x"] + 11, line.bounding_box()["y"] + 0.5 * box["height"]
        (figure.page.touchscreen.tap if touch else figure.page.mouse.click)(x, y)
        figure.rest()
        assert abs(line.bounding_box()["x"] - x) < 2


@pytest.mark.parametrize(("name", "hides", "sideways"), [("icm", 1, 1), ("lmc", 0, 0), ("posterior", 1, 1)])
def test_keys_and_taps_hide_remove_and_move_a_point(playing, name, hides, sideways):
    """Delete and two taps hide or remove it; with Shift, an arrow moves it sideways where its x is free."""
    for key, does in (("Delete", hides), ("Shift+ArrowRight", sideways), ("ArrowUp", 1)):
        figure = playing(name)
        figure.place.locator(".explore-point").nth(2).focus()
        before = figure.state
        figure.page.keyboard.press(key)
        assert (figure.state != before) is bool(does), key
    figure = playing(name, width=390, has_touch=True)
    at, before = figure.centre(".explore-point", 2), figure.state
    for _ in range(5):  # a double tap has its time, which a busy machine may miss
        if figure.state == before:
            figure.page.touchscreen.tap(*at)
            figure.page.touchscreen.tap(*at)
    assert (figure.state != before) is bool(hides)


@pytest.mark.parametrize(
    ("name", "role", "label", "key"),
    [
        ("lakes", "checkbox", "St. Clair", "off"),
        ("noise", "checkbox", "task 1 was read in this row", "seen"),
        ("transfer", "button", "hole in task 1", "off"),
        ("holes", "button", "hide column 3 at x = 2", "off"),
    ],
)
def test_a_click_hides_and_a_second_one_shows(playing, name, role, label, key):
    figure = playing(name)
    toggle, shapes = figure.place.get_by_role(role, name=label, exact=True), figure.shapes()
    for hidden in (True, False):
        toggle.click()
        assert (figure.state[key] != figure.start[key]) is hidden and (figure.shapes() != shapes or not hidden)


def test_rails_and_the_word_in_a_gap_keep_their_contrast(playing):
    """The rail 3 to 1 against the page, as drawn; the word 4.5 to 1 even where it lies on a band."""
    figure = playing("lmc")
    for theme in ("dark", "light"):
        figure.screen(1280, theme)
        paper, ground, ink, task = figure.place.evaluate(COLOURS, ["paper", "ground", "ink", "t2"])
        slider = figure.place.locator(SLIDER).last
        assert float(slider.evaluate("s => s.style.getPropertyValue('--to')")) < 0.6
        picture = Image.open(io.BytesIO(slider.screenshot())).convert("RGB")
        column = [picture.getpixel((int(0.8 * picture.width), y)) for y in range(picture.height)]
        assert max(contrast(pixel, paper) for pixel in column) >= 3
        behind = [0.74 * (0.92 * g + 0.08 * i) + 0.26 * t for g, i, t in zip(ground, ink, task)]
        word = figure.place.locator(".explore-over")
        fill = [int(v) for v in re.findall(r"\d+", word.evaluate("word => getComputedStyle(word).fill"))]
        assert contrast(fill, behind) >= 4.5
        assert word.evaluate("word => Boolean(word.previousElementSibling.querySelector('.explore-band'))")  # above it


@pytest.mark.parametrize("name", ["icm", "lmc", "noise", "posterior"])
def test_a_preset_brings_values_and_stays_down_while_they_hold(playing, name):
    figure = playing(name)
    presets = figure.place.locator(".explore-presets button")
    for preset in presets.all():
        preset.click()
        figure.settle()
        assert preset.get_attribute("aria-pressed") == "true", preset.inner_text()
    assert figure.state != figure.start
    figure.press("Reset")
    down = presets.evaluate_all("all => all.map(one => one.ariaPressed)")
    assert down.count("true") == (name == "icm")  # whose first preset is its start


@pytest.mark.parametrize(("name", "tick"), [("prior", None), ("readings", "three draws of f"), ("lag", None)])
def test_a_new_draw_is_another_and_reset_brings_back_the_first(playing, name, tick):
    figure = playing(name)
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
    assert playing(name, figure.address()).shapes() == seen[2]
    figure.press("Reset")
    if tick:
        figure.place.get_by_label(tick).check()
    assert figure.shapes() == seen[0]


def test_a_fold_tells_mouse_touch_and_keys_and_describes_the_figure(playing):
    """Closed at first; the same words are the description of the group for those who hear it."""
    figure = playing("icm")
    fold = figure.place.locator(".explore-keys")
    assert fold.locator("summary").bounding_box()["height"] >= 44 and not fold.locator("ul").is_visible()
    client = figure.page.context.new_cdp_session(figure.page)
    node = client.send("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
    group = client.send("DOM.querySelector", {"nodeId": node, "selector": "#icm.explore .explore-live"})
    heard = client.send("Accessibility.getPartialAXTree", {"nodeId": group["nodeId"], "fetchRelatives": False})
    told = "".join(fold.locator("li").all_text_contents())
    assert re.sub(r"\s", "", heard["nodes"][0]["description"]["value"]) == re.sub(r"\s", "", told)
    fold.locator("summary").click()
    assert fold.locator("ul").is_visible()
    fold.locator("summary").click()
