"""Figures to play with as a finger, a key and an ear meet them: swipes, the fold of keys, names, contrasts."""

import io
import re

import pytest
from opening import changed
from PIL import Image
from playing import FIGURES

ALL = pytest.mark.parametrize("name", FIGURES)
WITHOUT_SLIDERS = ("lakes", "hole")
SLIDERS = ["icm", "lag", "next"]  # of those with sliders, which are made by the same code
POINTS = {"icm": "A point", "transfer": "A point", "noise": "A point", "lmc": "A point"}
POINTS |= {"readings": "A reading", "posterior": "A reading"}
HIDES = "A double click or tap, Enter or Delete hides it, and shows it again."
REMOVES = "A double click or tap or Delete removes it."
WORDS = "label => label.firstElementChild.firstChild.data"
COLOURS = """(figure, names) => names.map(name => {
    const probe = figure.querySelector(".explore-live").appendChild(document.createElement("i"));
    probe.style.cssText = `color: var(--${name})`;
    const paper = document.createElement("canvas").getContext("2d");
    paper.fillStyle = getComputedStyle(probe).color;
    paper.fillRect(0, 0, 1, 1);
    probe.remove();
    return [...paper.getImageData(0, 0, 1, 1).data].slice(0, 3);
})"""


def contrast(one, other):
    """Of two colours [r, g, b], as WCAG counts it."""
    lights = []
    for colour in (one, other):
        linear = [v / 3294.6 if v <= 10 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in colour]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
    return max(lights) / min(lights)


def told(figure):
    """The sentences of the fold."""
    return figure.place.locator(".explore-keys li").all_text_contents()


def spoken(figure):
    return figure.place.locator("[role=status]").text_content()


def grip(slider, share):
    """A place on a slider's rail."""
    slider.evaluate("slider => slider.scrollIntoView({block: 'center', behavior: 'instant'})")
    box = slider.bounding_box()
    return box["x"] + share * box["width"], box["y"] + box["height"] / 2


@pytest.mark.parametrize("name", SLIDERS)
def test_a_swipe_that_begins_on_a_slider_scrolls_and_changes_nothing(playing, name):
    """Even where the finger rested first, so long that address and status had followed (on the first slider)."""
    figure = playing(name, "#explore&other.a=1", width=390, has_touch=True)
    figure.place.locator(".explore-slider input").first.focus()
    for number, slider in enumerate(figure.place.locator(".explore-slider input").all()):
        x, y = grip(slider, 0.7 if float(slider.evaluate("s => s.style.getPropertyValue('--to')")) < 0.6 else 0.2)
        before, top, address, said = figure.state, figure.page.evaluate("scrollY"), figure.address(), spoken(figure)
        figure.swipe(x, y, 8, -160, rest=0 if number else 500)
        label = slider.get_attribute("aria-label")
        assert figure.page.evaluate("scrollY") > top + 50, label
        assert figure.state == before and figure.address() == address, label
        words = figure.place.locator(".explore-words").text_content()
        assert spoken(figure) == said or re.sub(r"\s", "", spoken(figure)) == re.sub(r"\s", "", words), label


@pytest.mark.parametrize("name", ["icm", "lmc", "noise", "transfer", "lakes", "hole", "lag", "scores", "next"])
def test_a_swipe_that_begins_on_a_marker_or_an_edge_does_so_too(playing, name):
    """Though it goes a little sideways."""
    figure = playing(name, width=390, has_touch=True)
    for handle in figure.place.locator(".explore-handle:visible path").all():
        handle.evaluate("handle => handle.scrollIntoView({block: 'center', behavior: 'instant'})")
        figure.settle()
        box, before, top = handle.bounding_box(), figure.state, figure.page.evaluate("scrollY")
        figure.swipe(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, 60, -160)
        assert figure.page.evaluate("scrollY") > top + 50 and figure.state == before


@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "finger"])
@pytest.mark.parametrize(
    ("name", "key", "label"),
    [("scores", "y", "the reading"), ("noise", "row", "the row of which"), ("lag", "delay", "delay of task 2")],
)
def test_the_line_of_a_marker_is_dragged_at_any_height(playing, name, key, label, touch):
    """Live: before the button is up."""
    figure = playing(name, width=390, has_touch=True) if touch else playing(name)
    line = figure.place.locator(f".explore-handle[aria-label^='{label}'] line")
    for share in (0.5,) if name == "noise" else (0.15, 0.5, 0.85):  # its points, which come first, lie on the line
        line.evaluate("line => line.scrollIntoView({block: 'center', behavior: 'instant'})")
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


@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "finger"])
def test_a_click_or_tap_close_to_the_line_of_a_marker_brings_it_there(playing, touch):
    figure = playing("scores", width=390, has_touch=True) if touch else playing("scores")
    box = figure.place.locator(".explore-handle line").bounding_box()
    x, y = box["x"] + 11, box["y"] + 0.5 * box["height"]
    (figure.page.touchscreen.tap if touch else figure.page.mouse.click)(x, y)
    figure.rest()
    assert abs(figure.place.locator(".explore-handle line").bounding_box()["x"] - x) < 2


@pytest.mark.parametrize("name", SLIDERS)
def test_a_tap_and_a_sideways_drag_move_a_slider(playing, name):
    figure = playing(name, width=390, has_touch=True)
    for slider in figure.place.locator(".explore-slider input").all():
        (x, y), before = grip(slider, 0.8), figure.state
        figure.page.touchscreen.tap(x, y)
        tapped = figure.state
        assert tapped != before, slider.get_attribute("aria-label")
        figure.swipe(x, y, -120, 0)
        assert figure.state != tapped, slider.get_attribute("aria-label")


@ALL
def test_a_fold_tells_mouse_touch_and_keys_and_describes_the_figure(playing, name):
    """Closed at first; the same words are the description of the group for those who hear it."""
    figure = playing(name)
    fold = figure.place.locator(".explore-keys")
    assert fold.locator("summary").inner_text() == "Mouse, touch and keys"
    assert fold.locator("summary").bounding_box()["height"] >= 44 and not fold.locator("ul").is_visible()
    client = figure.page.context.new_cdp_session(figure.page)
    node = client.send("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
    group = client.send("DOM.querySelector", {"nodeId": node, "selector": f"#{name}.explore .explore-live"})
    heard = client.send("Accessibility.getPartialAXTree", {"nodeId": group["nodeId"], "fetchRelatives": False})
    described = heard["nodes"][0]["description"]["value"]
    assert re.sub(r"\s", "", described) == re.sub(r"\s", "", "".join(told(figure)))
    fold.locator("summary").click()
    assert fold.locator("ul").is_visible()
    fold.locator("summary").click()


@ALL
def test_the_fold_speaks_of_the_handles_that_are_there(playing, name):
    figure = playing(name)
    starts = [re.split(":| or tap beside", sentence)[0] for sentence in told(figure)]
    expected = ["The Tab key goes from one control to the next."]
    expected += ["The grey stretch"] * bool(figure.place.locator(".explore-gap").count() and name != "lag")
    expected += ["The upper panel"] * (name == "lag")
    expected += ["The marker"] * (name in ("icm", "transfer", "noise", "lmc", "lag", "scores"))
    expected += [POINTS[name]] if name in POINTS else []
    expected += ["A click"] * (name in ("readings", "posterior")) + ["The walker on the map"] * (name == "posterior")
    expected += ["A cell"] * (name == "next")
    expected += ["A cell of the table"] * (name in ("covariance", "holes")) + ["The map"] * (name == "covariance")
    expected += ["A slider"] * (name not in WITHOUT_SLIDERS)
    assert sorted(starts) == sorted(expected)


@pytest.mark.parametrize("name", POINTS)
def test_keys_of_points_are_those_that_are_told(playing, name):
    """Enter, Delete, and Shift with an arrow do what the fold says, and nothing where it says nothing."""
    figure = playing(name)
    words = next(sentence for sentence in told(figure) if sentence.startswith(POINTS[name]))
    for key, does in (("Enter", HIDES in words), ("Delete", HIDES in words or REMOVES in words)):
        figure = playing(name)
        figure.place.locator(".explore-point").nth(2).focus()
        before = figure.state
        figure.page.keyboard.press(key)
        assert (figure.state != before) is does, key
    for sideways in (True, False):
        figure = playing(name)
        point, before = figure.place.locator(".explore-point").nth(2), figure.state
        point.focus()
        figure.page.keyboard.press("Shift+ArrowRight" if sideways else "ArrowRight")
        moved = figure.state != before
        assert moved is (sideways and "with Shift they move it sideways" in words)
        assert moved or not point.evaluate("point => point === document.activeElement")


@pytest.mark.parametrize("name", POINTS)
def test_two_taps_hide_or_remove_a_point_where_it_is_told(playing, name):
    figure = playing(name, width=390, has_touch=True)
    does, before = HIDES in " ".join(told(figure)) or REMOVES in " ".join(told(figure)), figure.state
    at = figure.centre(".explore-point", 2)
    for _ in range(5):  # a double tap has its time, which a busy machine may miss
        if figure.state == before:
            figure.page.touchscreen.tap(*at)
            figure.page.touchscreen.tap(*at)
    assert (figure.state != before) is does


@ALL
def test_what_is_seen_beside_a_slider_is_what_it_is_called(playing, name):
    """Its name begins with the words in sight (label in name)."""
    figure = playing(name)
    for label in figure.place.locator(".explore-slider").all():
        assert label.locator("input").get_attribute("aria-label").startswith(label.evaluate(WORDS))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_rails_and_the_word_in_a_gap_keep_their_contrast(playing, theme):
    """The rail 3 to 1 against the page, as drawn; the word 4.5 to 1 even where it lies on a band."""
    figure = playing("lmc")
    changed(figure.page, 1280, theme)
    paper, ground, ink, task = figure.place.evaluate(COLOURS, ["paper", "ground", "ink", "t2"])
    slider = figure.place.locator(".explore-slider input").last
    assert float(slider.evaluate("s => s.style.getPropertyValue('--to')")) < 0.6
    picture = Image.open(io.BytesIO(slider.screenshot())).convert("RGB")
    column = [picture.getpixel((int(0.8 * picture.width), y)) for y in range(picture.height)]
    assert max(contrast(pixel, paper) for pixel in column) >= 3
    behind = [0.74 * (0.92 * g + 0.08 * i) + 0.26 * t for g, i, t in zip(ground, ink, task)]
    word = figure.place.locator(".explore-over")
    fill = [int(v) for v in re.findall(r"\d+", word.evaluate("word => getComputedStyle(word).fill"))]
    assert contrast(fill, behind) >= 4.5
    assert word.evaluate("word => Boolean(word.previousElementSibling.querySelector('.explore-band'))")  # above it
    changed(figure.page, 1280, "light")


@ALL
def test_who_goes_on_while_it_resets_finds_it_reset(playing, name):
    """And who pressed the button by keys is still on it."""
    figure = playing(name)
    reset = figure.place.get_by_role("button", name="Reset")
    away = "value => (Array.isArray(value) ? value.map(v => v - 0.6) : value - 0.6)"
    figure.place.evaluate(f"figure => figure.explore.change(s => {{ for (const k in s) s[k] = ({away})(s[k]); }})")
    figure.settle()
    assert figure.state != figure.start
    reset.focus()
    figure.page.keyboard.press("Enter")
    figure.place.evaluate("figure => figure.explore.change(() => {})")
    figure.settle()
    assert figure.state == figure.start
    assert reset.evaluate("button => button === document.activeElement && button.ariaDisabled === 'true'")


@ALL
def test_titles_stand_above_what_is_drawn(playing, name):
    last = """svg => { const titles = [...svg.querySelectorAll(":scope > .explore-title")];
        return titles.every(title => !title.nextElementSibling || titles.includes(title.nextElementSibling)); }"""
    figure = playing(name)
    assert [svg.evaluate(last) for svg in figure.place.locator(".explore-plot").all()].count(False) == 0
