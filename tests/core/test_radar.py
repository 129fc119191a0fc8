"""Templates of URLs, and which of them look like traps."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler_core import radar
from crawler_core import url as urls
from crawler_core.model import UrlState
from crawler_core.radar import Radar, Seen

SITE = "https://site.test"


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/about", "/about"),
        ("/calendar/2026/11/", "/calendar/{n}/{n}/"),
        ("/p%20x/7", "/p%20x/{n}"),
        ("/list?page=3", "/list?page={v}"),
        ("/list?size=xl&colour=red&size=l", "/list?colour={v}&size={v}"),
        ("/list?colour=blue&size=s", "/list?colour={v}&size={v}"),
        ("/a/1/list?x1=5", "/a/{n}/list?x{n}={v}"),
        ("/docs/en/docs/en/docs/en/x.html", "/docs/{again}"),
        ("/v1/a/v1/b/v1/c", "/v{n}/{again}"),
        ("/a/b/a/c", "/a/b/a/c"),
        ("/x?", "/x?"),
    ],
)
def test_templates(path: str, template: str) -> None:
    """Digits, values of parameters and folders that come back are what varies."""
    assert radar.template(SITE + path) == SITE + template


@given(st.text(alphabet="ab1/?&=%{}", max_size=40))
def test_every_address_begins_as_its_template(text: str) -> None:
    """The literal beginning by which URLs of a template are told apart quickly is theirs."""
    address = urls.normalize(f"{SITE}/{text}")
    assert address is not None
    template = radar.template(address)
    assert address.startswith(radar.beginning(template))
    assert template.startswith(SITE)


@pytest.mark.parametrize("winding", [False, True])
def test_an_address_of_short_folders_is_cut_in_passing(winding: bool) -> None:
    """However many folders an address has, each is looked at a few times only."""
    folders = [f"x{n}" for n in range(300) for _ in range(2)] + ["x0"] * winding
    steps = 0

    def count(frame: FrameType, event: str, _: object) -> Any:
        nonlocal steps
        steps += event == "line"
        return count

    address = f"{SITE}/{'/'.join(folders)}"
    before = sys.gettrace()
    sys.settrace(count)
    try:
        template = radar.template(address)
    finally:
        sys.settrace(before)
    assert template.endswith("/{again}") is winding
    assert steps < 10 * len(folders)


def _seen(path: str, state: UrlState, title: str | None = None, *, is_new: bool = False) -> Seen:
    return Seen(SITE + path, state, title, is_new)


def test_a_calendar_stands_out() -> None:
    """What fills the queue under one title comes before what is read page by page."""
    sky = Radar()
    for n in range(100):
        sky.see(_seen(f"/calendar/{n}/", UrlState.WAITING, is_new=True))
        sky.see(_seen(f"/post/{n}", UrlState.WAITING, is_new=n < 10))
    for n in range(100, 120):
        sky.see(_seen(f"/calendar/{n}/", UrlState.DONE, "Events"))
        sky.see(_seen(f"/post/{n}", UrlState.DONE, f"Post {n}"))
        sky.see(_seen(f"/only-{chr(n)}", UrlState.DONE, f"{n}"))
    found = sky.survey(200, 1, 10)
    first, second = found.sightings
    assert first.template == SITE + "/calendar/{n}/"
    assert (first.queued, first.done, first.share) == (100, 20, 0.5)
    assert (first.titled, first.titles, first.sameness) == (20, 1, 1.0)
    assert first.growth == pytest.approx(100 / 110)
    assert second.template == SITE + "/post/{n}"
    assert second.sameness == pytest.approx(0.05)
    assert first.suspicion > 0.6 > 0.2 > second.suspicion


def test_what_waits_and_grows_no_more_is_no_concern() -> None:
    """A template that is kept out has no suspicion left, and still is counted."""
    sky = Radar()
    for n in range(10):
        sky.see(_seen(f"/old/{n}", UrlState.KEPT_OUT, is_new=True))
        sky.see(_seen("/page", UrlState.WAITING))
    (only,) = sky.survey(10, 1, 10).sightings
    assert (only.kept_out, only.queued, only.suspicion) == (10, 0, 0.0)


def test_a_sample_is_scaled_up() -> None:
    """Each URL that is shown stands for some."""
    sky = Radar()
    for n in range(3):
        sky.see(_seen(f"/x/{n}", UrlState.WAITING))
    found = sky.survey(30, 10, 10)
    assert found.sampled
    assert found.sightings[0].queued == 30


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Templates without number do not fill the memory, and what is frequent stays."""
    monkeypatch.setattr(radar, "_TEMPLATES", 100)
    sky = Radar()
    for n in range(50):
        sky.see(_seen(f"/calendar/{n}", UrlState.WAITING))
    for n in range(2_000):
        sky.see(
            _seen(
                f"/{'abcdefghij'[n % 10]}{chr(97 + n // 10 % 26)}{chr(97 + n // 260)}{n}",
                UrlState.WAITING,
            )
        )
    assert len(sky._tracks) <= 100
    assert sky.survey(0, 1, 1).sightings[0].template == SITE + "/calendar/{n}"


def test_a_table_that_cannot_be_emptied_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full of templates that all count, the table takes in no others, and is not gone through."""
    monkeypatch.setattr(radar, "_TEMPLATES", 100)
    names = [chr(97 + n // 26) + chr(97 + n % 26) for n in range(200)]
    sky = Radar()
    for name in names[:100] * 2:
        sky.see(_seen(f"/{name}/1", UrlState.WAITING))
    sky.see(_seen("/new/1", UrlState.WAITING))
    table = sky._tracks
    for name in names:
        sky.see(_seen(f"/{name}/2", UrlState.WAITING))
    assert sky._tracks is table
    assert {each.queued for each in sky.survey(0, 1, 200).sightings} == {3}
    assert len(table) == 100
