"""The page in a real browser, and as a file."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maesum.summaries.page import PageVideo, curve, file_address, write_page
from maesum.summaries.recording import record
from maesum.summaries.selection import select, split_long
from maesum.summaries.ticks import ticks_of
from maesum.vision.decode import timeline_of
from tests.vision.synthetic import write_video

_FRAMES = 200
_TICKS = ticks_of(np.arange(_FRAMES + 1) / 25)
_SHOTS = split_long(np.array([[0, 61], [62, 62], [63, 140], [141, 199]]), 9, _TICKS)


def page_video(folder: Path, name: str, importance: np.ndarray) -> PageVideo:
    source = write_video(folder / f"{name}.mp4", _FRAMES, sound=np.zeros(_FRAMES * 1920, np.float32))
    middles = [(first + last) // 2 for first, last in _SHOTS.tolist()]
    timeline = timeline_of(source)
    selection = select(importance, _SHOTS, 0.15, name, ticks_of(timeline.times))
    summary = folder / f"{name}_summary.mp4"
    written = record(source, summary, selection.runs, timeline, pictured=middles)
    pictures = [written.thumbnails[frame] for frame in middles]
    return PageVideo(name, importance, selection, timeline.times, pictures, source, summary, written.seconds)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[PageVideo]:
    folder = tmp_path_factory.mktemp("page")
    rng = np.random.default_rng(0)
    tied = np.repeat(rng.integers(0, 3, len(_SHOTS)), _SHOTS[:, 1] - _SHOTS[:, 0] + 1)  # many shots worth the same
    return [
        page_video(folder, "first", rng.random(_FRAMES)),
        page_video(folder, "<!--<script>second & last", tied.astype(np.float32)),
    ]


@pytest.fixture(scope="module")
def page(videos: list[PageVideo]) -> Path:
    path = videos[0].original.parent / "index.html"
    assert write_page(path, videos, 0.15, "Made by </script> in a test.")
    return path


@pytest.fixture(scope="module")
def open_browser() -> Iterator[Callable[[int, int], Any]]:
    """Start headless Chromium with a window of the given size."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("needs chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--autoplay-policy=no-user-gesture-required",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))

    def opened(width: int, height: int) -> Any:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        started.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        return started

    yield opened
    started.quit()


def wait_for(browser: Any, condition: str) -> None:
    """Wait until a JavaScript expression is true."""
    deadline = time.monotonic() + 20
    while not browser.execute_script(f"return Boolean({condition})"):
        assert time.monotonic() < deadline, condition
        time.sleep(0.05)


def loaded(browser: Any, page: Path) -> Any:
    browser.get_log("browser")
    browser.get(page.as_uri())
    wait_for(browser, "document.getElementById('player').readyState >= 2")
    return browser


def selected(browser: Any) -> list[int]:
    script = "return [...document.querySelectorAll('#shots [data-selected=true]')].map((b) => Number(b.dataset.shot))"
    return browser.execute_script(script)


def set_budget(browser: Any, percent: int) -> None:
    browser.execute_script(
        "const slider = document.getElementById('budget'); slider.value = arguments[0];"
        "slider.dispatchEvent(new Event('input'))",
        percent,
    )


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_loads_without_an_error_and_fits_the_screen(
    open_browser: Callable[..., Any], page: Path, width: int, height: int
) -> None:
    browser = loaded(open_browser(width, height), page)
    assert browser.get_log("browser") == []
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert browser.execute_script("return performance.getEntriesByType('resource').every((e) => !/^http/.test(e.name))")
    pictures = "[...document.querySelectorAll('#shots img')].filter((i) => i.complete && i.naturalWidth).length"
    wait_for(browser, f"{pictures} > 0")
    assert browser.execute_script("return document.querySelectorAll('#shots li').length") == len(_SHOTS)


@pytest.mark.slow
def test_the_slider_selects_what_the_command_selects(
    open_browser: Callable[..., Any], page: Path, videos: list[PageVideo]
) -> None:
    browser = loaded(open_browser(1280, 900), page)
    for number, video in enumerate(videos):
        browser.execute_script(f"document.querySelectorAll('#videos button')[{number}].click()")
        set_budget(browser, 15)
        assert selected(browser) == video.selection.chosen.tolist()
        for percent in (4, 7, 10, 29, 30, 57, 58, 99, 100):
            set_budget(browser, percent)
            expected = select(video.importance, video.selection.shots, percent / 100, video.video_id, _TICKS)
            assert selected(browser) == expected.chosen.tolist(), (video.video_id, percent)


@pytest.mark.slow
def test_clicks_and_keys_seek(open_browser: Callable[..., Any], page: Path) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    browser = loaded(open_browser(1280, 900), page)
    timeline = browser.find_element(By.ID, "timeline")
    browser.execute_script("arguments[0].scrollIntoView()", timeline)
    ActionChains(browser).move_to_element(timeline).click().perform()  # the middle
    wait_for(browser, "Math.abs(document.getElementById('player').currentTime - 4) < 0.1")
    wait_for(browser, "Math.abs(document.querySelector('#timeline .head').getAttribute('x1') - 500) < 15")
    timeline.send_keys(Keys.ARROW_RIGHT)
    wait_for(browser, "Math.abs(document.getElementById('player').currentTime - 5) < 0.1")
    timeline.send_keys(Keys.HOME)
    wait_for(browser, "document.getElementById('player').currentTime < 0.1")
    browser.execute_script("document.querySelector('#shots [data-shot=\"9\"]').click()")
    start = _SHOTS[9, 0] / 25
    wait_for(browser, f"Math.abs(document.getElementById('player').currentTime - {start}) < 0.05")
    wait_for(browser, "document.querySelector('#shots [data-playing=true]').dataset.shot === '9'")


@pytest.mark.slow
def test_summary_plays_only_what_is_selected(
    open_browser: Callable[..., Any], page: Path, videos: list[PageVideo]
) -> None:
    browser = loaded(open_browser(1280, 900), page)
    browser.execute_script(
        "window.seen = []; const p = document.getElementById('player'); p.muted = true; p.playbackRate = 2;"
        "p.addEventListener('timeupdate', () => { if (!p.seeking) window.seen.push(p.currentTime); });"
        "document.getElementById('play-summary').click()"
    )
    wait_for(browser, "window.seen.length > 3 && document.getElementById('player').paused")
    seen = np.array(browser.execute_script("return window.seen"))[1:]
    frames = np.minimum((seen * 25).astype(int), _FRAMES - 1)
    is_chosen = np.convolve(videos[0].selection.frames, np.ones(13), "same") > 0  # a quarter of a second late at most
    assert is_chosen[frames].all(), seen
    browser.execute_script("const s = document.getElementById('summary'); s.muted = true; s.play()")
    wait_for(browser, "document.getElementById('summary').currentTime > 0.2")
    assert browser.execute_script("return document.getElementById('summary').duration") == pytest.approx(
        videos[0].summary_seconds, abs=0.05
    )
    assert browser.get_log("browser") == []


def test_needs_no_network(page: Path) -> None:
    content = page.read_text(encoding="utf-8")
    assert "http://" not in content
    assert "https://" not in content
    assert "<!--" not in content  # in front of "<script" it would swallow the end of the element
    assert content.count("</script>") == 2 + 4  # data, program, and two videos of each: no text ends a script early


def test_addresses_of_files_beside_the_page(tmp_path: Path) -> None:
    for name, address in {
        "Lesson1:intro": "./Lesson1%3Aintro/summary.mp4",
        "a #1 50%?": "./a%20%231%2050%25%3F/summary.mp4",
        'x"y': "./x%22y/summary.mp4",
        "é": "./%C3%A9/summary.mp4",
    }.items():
        assert file_address(tmp_path / name / "summary.mp4", tmp_path) == address


@pytest.mark.slow
def test_files_beside_the_page_are_found(
    open_browser: Callable[..., Any], videos: list[PageVideo], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maesum.summaries.page.EMBEDDED_BYTES", 10)
    folder = tmp_path / "Lesson1:intro #1 50%?"
    folder.mkdir()
    for path in (videos[0].original, videos[0].summary):
        shutil.copyfile(path, folder / path.name)
    video = replace(videos[0], original=folder / videos[0].original.name, summary=folder / videos[0].summary.name)
    assert not write_page(tmp_path / "index.html", [video], 0.15, "Made for a test.")
    browser = loaded(open_browser(1280, 900), tmp_path / "index.html")
    wait_for(browser, "document.getElementById('summary').readyState >= 1")
    assert browser.get_log("browser") == []


def test_large_videos_stay_beside_the_page(videos: list[PageVideo], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maesum.summaries.page.EMBEDDED_BYTES", 10)
    path = videos[0].original.parent / "large.html"
    assert not write_page(path, videos, 0.15, "Made for a test.")
    assert '"0-original": "./first.mp4"' in path.read_text(encoding="utf-8")


def test_the_curve_of_a_long_video_keeps_its_peaks() -> None:
    importance = np.zeros(10_001, np.float32)
    importance[[17, 5000, 10_000]] = 1
    points = curve(importance, np.arange(10_002) / 25, points=100)
    assert len(points) <= 101
    assert sum(value == 1 for _, value in points) == 3
