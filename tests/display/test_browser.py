"""The pages in a real browser: Debian's Chromium, without a screen. `scripts/setup-browser` installs it."""

import json
import shutil
import subprocess
import sys
import time

import pytest

import onlstm_parse
from onlstm_parse.cli.show import against_gold, views_of
from onlstm_parse.display.views import write_views

webdriver = pytest.importorskip("selenium.webdriver")
Service = pytest.importorskip("selenium.webdriver.chrome.service").Service
Keys = pytest.importorskip("selenium.webdriver.common.keys").Keys

SWITCHES = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --window-size=1200,900"
)
SENTENCE = "The old dog near the river barked and left"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("no Chromium here: scripts/setup-browser")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    profile = tmp_path_factory.mktemp("profile")
    downloads = tmp_path_factory.mktemp("downloads")
    for switch in [*SWITCHES.split(), f"--user-data-dir={profile}"]:
        options.add_argument(switch)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options=options, service=Service(driver))
    chrome.downloads = downloads
    yield chrome
    chrome.quit()


@pytest.fixture(scope="module")
def address(tiny_run, tmp_path_factory):
    """A server with two parsers."""
    other = tmp_path_factory.mktemp("other") / "average"
    onlstm_parse.average([str(tiny_run), "left=9"], other)
    command = [sys.executable, "-m", "onlstm_parse", "serve", str(tiny_run), str(other), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        yield process.stderr.readline().split()[1]
        process.terminate()


@pytest.fixture
def page(browser, address):
    browser.get_log("browser")
    browser.set_window_size(1200, 900)
    browser.get(address)
    wait(lambda: found(browser, "svg"))
    yield browser
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def found(browser, selector):
    return browser.find_elements("css selector", selector)


def one(browser, selector):
    return browser.find_element("css selector", selector)


def wait(condition, seconds=20):
    """Until the condition holds; elements may be replaced meanwhile."""
    end = time.monotonic() + seconds
    while True:
        try:
            if result := condition():
                return result
        except Exception:
            if time.monotonic() > end:
                raise
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def words(browser, figure=0):
    script = "return [...sides[arguments[0]].figure.querySelectorAll('.word text')].map(t => t.textContent)"
    return browser.execute_script(script, figure)


def enter(browser, text):
    browser.execute_script("text.value = arguments[0]; text.dispatchEvent(new Event('input'))", text)


def type_in(browser, text):
    enter(browser, text)
    wait(lambda: "".join(words(browser)) == "".join(text.split()))


def no_horizontal_scroll(browser):
    return browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")


def test_the_tree_follows_what_is_typed(page, tiny_run):
    box = one(page, "#text")
    box.send_keys(Keys.CONTROL, "a")
    box.send_keys(SENTENCE)
    wait(lambda: words(page) == SENTENCE.split())
    brackets = page.execute_script("return sides[0].panel.view.brackets")
    assert brackets == str(onlstm_parse.load(tiny_run).parse(SENTENCE))
    assert len(found(page, "figure:not([hidden]) .dot")) == len(SENTENCE.split())


def test_layer_and_rule_are_chosen(page, tiny_run):
    type_in(page, SENTENCE)
    one(page, "select[aria-label=layer] option[value='1']").click()
    one(page, "select[aria-label=rule] option[value=gap]").click()
    expected = str(onlstm_parse.load(tiny_run, layer=1, rule="gap").parse(SENTENCE))
    wait(lambda: page.execute_script("return sides[0].panel.view.brackets") == expected)
    assert one(page, "figcaption").text == "layer 1, gap rule"


def test_a_rule_that_reads_all_layers_has_no_choice_of_one(page, tiny_run):
    type_in(page, SENTENCE)
    assert one(page, "select[aria-label=layer]").is_displayed()
    one(page, "select[aria-label=rule] option[value=expected-gap]").click()
    expected = str(onlstm_parse.load(tiny_run, rule="expected-gap").parse(SENTENCE))
    wait(lambda: page.execute_script("return sides[0].panel.view.brackets") == expected)
    assert one(page, "figcaption").text == "expected-gap rule"
    assert not one(page, "select[aria-label=layer]").is_displayed()


def test_two_trees_side_by_side_mark_what_differs(page):
    type_in(page, SENTENCE)
    one(page, "#two").click()
    wait(lambda: words(page, 1) == SENTENCE.split())
    spans = [set(map(tuple, page.execute_script(f"return sides[{k}].panel.view.spans"))) for k in (0, 1)]
    for side in (0, 1):
        marked = page.execute_script(
            "return [...sides[arguments[0]].panel.svg.querySelectorAll('.bracket')]"
            ".map(b => [b.dataset.span, b.classList[1] || ''])",
            side,
        )
        for span, mark in marked:
            i, j = map(int, span.split("-"))
            crosses = any(a < i < b < j or i < a < j < b for a, b in spans[1 - side])
            shared = (i, j) in spans[1 - side]
            whole = (i, j) == (0, len(SENTENCE.split()))
            assert mark == ("" if whole else "agrees" if shared else "crosses" if crosses else "extra")
    assert any(mark in ("crosses", "extra") for _, mark in marked)


def test_pointing_tells_the_span_on_both_sides(page):
    type_in(page, SENTENCE)
    one(page, "#two").click()
    wait(lambda: words(page, 1) == SENTENCE.split())
    webdriver.ActionChains(page).move_to_element(one(page, "figure .word text")).perform()
    assert one(page, ".status").text.startswith("word 1: The, level 0.")
    assert [node.text for node in found(page, ".word.inside")] == ["The", "The"]


def test_keys_alone_walk_and_fold(page):
    type_in(page, SENTENCE)
    root = one(page, "figure [role=treeitem][tabindex='0']")
    page.execute_script("arguments[0].focus()", root)
    size = len(SENTENCE.split())
    assert one(page, ".status").text.startswith(f"words 1 to {size} ({size}): The old dog")
    page.switch_to.active_element.send_keys(Keys.ENTER)
    assert words(page) == []
    assert one(page, "svg text").text == "The … left"
    assert page.switch_to.active_element.get_attribute("aria-expanded") == "false"
    page.switch_to.active_element.send_keys(Keys.ENTER)
    assert words(page) == SENTENCE.split()
    page.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    first = page.switch_to.active_element.get_attribute("data-span")
    assert first.startswith("0-")
    page.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert page.switch_to.active_element.get_attribute("data-span").startswith(first.partition("-")[2])
    page.switch_to.active_element.send_keys(Keys.ARROW_UP)
    assert page.switch_to.active_element.get_attribute("data-span") == f"0-{size}"


@pytest.mark.parametrize("text", ["我们 在 公园 里 看见 一只 狗", "a <script>alert(1)</script> & b", ""])
def test_other_scripts_and_markup_are_text(page, text):
    type_in(page, text)
    assert found(page, "figure script") == []


def test_three_hundred_words_scroll_inside_their_panel(page):
    type_in(page, "word " * 299 + "end")
    assert no_horizontal_scroll(page)
    inside = "const s = document.querySelector('.scroll'); return s.scrollWidth > s.clientWidth"
    assert page.execute_script(inside)


def test_too_long_a_text_is_told(page):
    enter(page, "a " * 600)
    wait(lambda: "600 words" in one(page, "#error").text)
    page.get_log("browser")  # the browser itself reports the status 413


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_schemes_and_a_telephone(page, scheme):
    page.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    colour = lambda: page.execute_script("return getComputedStyle(document.body).backgroundColor")  # noqa: E731
    own = colour()
    assert (sum(map(int, own[4:-1].split(","))) > 380) == (scheme == "light")
    one(page, "#theme").click()
    assert (sum(map(int, colour()[4:-1].split(","))) > 380) == (scheme == "dark")
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 360, "height": 700, "deviceScaleFactor": 1, "mobile": True},
    )
    type_in(page, SENTENCE)
    assert no_horizontal_scroll(page)
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_copies(page, browser):
    type_in(page, "The [old] dog_s barked")
    latex = page.execute_script("return sides[0].panel.asLatex()")
    assert latex.startswith("\\begin{forest}\n[")
    assert "[{[}]" in latex
    assert "dog\\_s" in latex
    assert latex.count("[") == latex.count("]")
    content = json.loads(page.execute_script("return sides[0].panel.asJson()"))
    assert "".join(content["words"]) == "The[old]dog_sbarked"
    svg = page.execute_script("return sides[0].panel.asSvg()")
    assert svg.startswith("<svg")
    assert "dog_s" in svg
    assert "fill=" in svg
    size = page.execute_async_script(
        "const done = arguments[0]; sides[0].panel.asPng().then(blob => done(blob.type + ' ' + blob.size))"
    )
    assert size.split()[0] == "image/png"
    assert int(size.split()[1]) > 1000
    page.execute_script(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined, configurable: true})"
    )
    next(button for button in found(page, ".copies button") if button.text == "brackets").click()
    saved = wait(lambda: list(browser.downloads.glob("tree.txt")))
    assert (
        saved[0].read_text(encoding="utf-8")
        == page.execute_script("return sides[0].panel.view.brackets") + "\n"
    )


def test_show_with_gold_marks_brackets_and_needs_no_server(browser, tiny_run, tmp_path, capsys):
    (tmp_path / "gold.txt").write_text(
        "(S (NP (DT The) (JJ old) (NN dog)) (VP (VBD barked) (ADVP (RB <b>) (RB loudly))))\n"
        "(S (NP (DT A) (NN cat)) (VP (VBD slept)))\n" * 2,
        encoding="utf-8",
    )
    views, f1s = against_gold(onlstm_parse.load(tiny_run), str(tmp_path / "gold.txt"), "shen2019", 3)
    assert f1s == sorted(f1s)
    assert len(views) == 3
    assert "first 3 sentences" in capsys.readouterr().err
    write_views(views, tmp_path / "out.html", "a title", "facts", f1s)
    browser.get_log("browser")
    browser.get((tmp_path / "out.html").as_uri())
    assert len(found(browser, "svg")) == 6
    assert f"F1 {f1s[0]:.1f}" in one(browser, "h2").text
    gold = found(browser, "figure")[1].find_elements("css selector", ".bracket")
    assert {node.get_attribute("class").split()[1] for node in gold[1:]} <= {"agrees", "crosses", "extra"}
    one(browser, "[data-off=gold]").click()
    assert len([figure for figure in found(browser, "figure") if figure.is_displayed()]) == 3
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_show_of_all_layers(browser, tiny_run, tmp_path):
    views = views_of(onlstm_parse.load(tiny_run), [SENTENCE, ""])
    write_views(views, tmp_path / "out.html", "a <title>", "facts")
    browser.get((tmp_path / "out.html").as_uri())
    assert len(found(browser, "figure")) == 16
    assert len(found(browser, "svg")) == 8
    one(browser, "[data-off='layer 1']").click()
    assert len([figure for figure in found(browser, "figure") if figure.is_displayed()]) == 12
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
