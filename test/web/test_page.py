"""The page in a browser: what it shows, by whom it can be read, and what it never loads."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

pytest.importorskip("aiohttp")
pytest.importorskip("playwright", reason="a development dependency: pip install playwright")

from playwright import sync_api as playwright_api

from fingertip_contact.web.live_state import LiveState
from web_world import START_US, SteppedClock, fill, make_fingertips, make_step, serve

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-headless-shell", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on the PATH: apt install chromium")
TIMEOUT_MS = 20_000


playwright_api.expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="module")
def chromium() -> Iterator[playwright_api.Browser]:
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER)
        yield browser
        browser.close()


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def state(clock) -> LiveState:
    state = LiveState(clock)
    fill(state)
    return state


@pytest.fixture
def open_page(chromium, state):
    """Opens the page; no script of it may fail, and nothing may be refused or come from elsewhere."""
    complaints: list[str] = []
    with serve(state) as server:
        address = f"http://127.0.0.1:{server.port}/"

        def check_address(request: playwright_api.Request) -> None:
            if not request.url.startswith((address, "blob:")):
                complaints.append(f"{request.url} was asked for")

        def open_one(**options: object) -> playwright_api.Page:
            page = chromium.new_page(**options)
            page.set_default_timeout(TIMEOUT_MS)
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("request", check_address)
            page.goto(address)
            page.wait_for_selector("#keyboard .down")
            return page

        yield open_one
        for context in chromium.contexts:
            context.close()
    assert complaints == []


def test_the_page_shows_what_is_typed(open_page, state):
    """Text, keys that are down, figures, advice with remedy, nodes, heights and the image; changes follow."""
    page = open_page()
    assert page.inner_text("#text") == "hello wor"
    assert page.text_content("#keyboard .down text") == "h"
    assert page.inner_text("#status") == "live"
    assert (page.inner_text("#rate"), page.inner_text("#latency")) == ("30", "24 ms")
    assert "set the camera to 30" in page.inner_text("#advice")
    assert page.locator("#nodes li").count() == 2
    assert page.inner_text(".lane.contact .value") == "0 mm"
    state.set_overlay(state.get_overlay(0)[0])
    page.wait_for_selector("#overlay:not([hidden])")
    state.set_text("hello world")
    state.set_suggestions(["worlds", "worldwide"])
    state.set_down([])
    state.set_fingertips(make_fingertips(12.4), START_US + 9_000_000, 20.0)
    playwright_api.expect(page.locator("#text")).to_have_text("hello world")
    playwright_api.expect(page.locator("#suggestions")).to_have_text("worlds · worldwide")
    playwright_api.expect(page.locator("#keyboard .down")).to_have_count(0)
    playwright_api.expect(page.locator(".lane .value").first).to_have_text("12 mm")


def test_the_steps_of_setup_are_shown(open_page, state):
    """What to do now in large, each step with what was found; without steps there is no list of them."""
    page = open_page()
    assert page.locator("#setup").is_hidden()
    found = make_step("camera", "done", "<b>a camera</b>"), make_step("sheet", "active", "not found", "lay it in view")
    state.set_steps([*found, make_step("typing", "waiting")])
    playwright_api.expect(page.locator("#instruction")).to_have_text("do sheet")
    assert page.locator("#steps li").count() == 3
    assert page.locator("#steps b").count() == 0
    assert page.inner_text("#steps li[data-state=active] .message") == "not found → lay it in view"
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="a development dependency")
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    state.set_steps([make_step("camera", "done")])
    playwright_api.expect(page.locator("#instruction")).to_contain_text("All steps are over")


def test_silence_is_told(open_page, clock):
    """First the images stop, then the nodes: what was down is not shown as down."""
    page = open_page()
    clock.now_s += 2
    playwright_api.expect(page.locator("#status")).to_have_text("no images are read")
    assert (page.inner_text("#rate"), page.inner_text("#latency")) == ("–", "–")
    clock.now_s += 2
    playwright_api.expect(page.locator("#status")).to_have_text("waiting for a node")
    assert page.locator("#keyboard .down").count() == 0
    assert "silent" in page.inner_text("#nodes")


def test_foreign_text_is_shown_as_text(open_page, state):
    """What is typed, and what a node says, is no markup."""
    page = open_page()
    state.set_report("a/<b>b</b>", "error", "<img src=x onerror=alert(1)>", [])
    state.set_text("<script>alert(1)</script>")
    playwright_api.expect(page.locator("#text")).to_have_text("<script>alert(1)</script>")
    assert page.locator("#nodes img, #nodes b, #text script").count() == 0


def test_the_end_of_setup_is_no_error(chromium, state):
    """Its server ends with it; what was found stays in sight."""
    page = chromium.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    state.set_steps([make_step("camera", "done", "a camera")])
    with serve(state) as server:
        page.goto(f"http://127.0.0.1:{server.port}/")
        page.wait_for_selector("#steps li")
    playwright_api.expect(page.locator("#status")).to_have_text("setup has ended")
    assert page.inner_text("#steps .message") == "a camera"
    page.close()


def test_a_server_that_ends_and_returns_is_followed(chromium, state):
    """The page says so, and goes on by itself."""
    page = chromium.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    with serve(state) as server:
        port = server.port
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_selector("#status[data-level=ok]")
    page.wait_for_selector("#status[data-level=error]")
    assert page.inner_text("#status") == "not connected to web_node"
    assert page.locator("#keyboard .down").count() == 0
    with serve(state, port=port):
        page.wait_for_selector("#status[data-level=ok]")
    page.close()


@pytest.mark.parametrize(("width_px", "scheme"), [(1440, "light"), (700, "dark"), (360, "light")])
def test_everybody_can_read_the_page(open_page, width_px, scheme):
    """axe-core finds nothing, contrast included, in both themes; nothing is wider than the window."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="a development dependency")
    page = open_page(viewport={"width": width_px, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_theme_can_be_chosen(open_page):
    """The choice is kept; the button can be reached and pressed by the keyboard."""
    page = open_page(color_scheme="light")
    page.focus("#theme")
    for theme in ("light", "dark"):
        page.keyboard.press("Enter")
        assert page.inner_text("#theme") == f"Theme: {theme}"
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert page.inner_text("#theme") == "Theme: dark"


def test_images_can_be_switched_off(open_page, state):
    """The page then asks for none, and says so."""
    page = open_page()
    page.uncheck("#watch")
    assert page.inner_text("#no-picture") == "Images are switched off"
    assert page.is_hidden("#overlay")
