"""Pictures of written pages: their sizes are made once, by a task after publishing, as AVIF and WebP with a fallback;
until then a page shows the originals, and no visit ever makes one."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.base import ContentFile
from django.core.files.images import ImageFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from shop.kernel.models import Change
from shop.pages import pictures
from shop.pages.models import HomePage, LandingPage, PictureTrouble
from shop.pages.pictures import BATCH, TRIES_MAX, make_due
from shop.pages.sections import BLOCK, HERO
from shop.pages.tasks import make_pictures
from tests.shop.pages.test_blocks import URL, picture, write, write_home

pytestmark = pytest.mark.django_db
TASK = "pages.make_pictures"

__all__ = ["picture"]


def block(*shown: Any) -> tuple[str, dict[str, Any]]:
    return "pictures", {
        "title": "",
        "pictures": [{"picture": one, "alt": "", "caption": ""} for one in shown],
    }


def another(name: str, content: bytes = b"", size: tuple[int, int] = (1200, 900)) -> Any:
    out = io.BytesIO()
    Image.new("RGB", size, (90, 20, 20)).save(out, "PNG")
    out.seek(0)
    image = pictures.get_image_model().objects.create(title=name, file=ImageFile(out, f"{name}.png"))
    if content:
        with default_storage.open(image.file.name, "wb") as file:
            file.write(content)
    return image


def visit(url: str) -> str:
    """The page as nobody sees it for the first time; fails where the visit writes anything."""
    with CaptureQueriesContext(connection) as seen:
        answer = Client().get(url)
    assert answer.status_code == 200
    written = [one["sql"] for one in seen if not one["sql"].lstrip("( ").upper().startswith("SELECT")]
    assert written == [], "looking writes"
    return answer.content.decode()


def test_publishing_asks_for_the_task_and_makes_nothing_itself(
    picture: Any, queue: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        write(block(picture))
    assert TASK in queue.names()
    assert not picture.renditions.exists()
    html = visit(URL)
    assert picture.file.url in html and "srcset" not in html
    assert 'width="1200" height="900"' in html, "the frame is there before the picture"
    assert not picture.renditions.exists()


def test_the_task_makes_every_size_in_every_format_and_the_page_offers_them(picture: Any) -> None:
    write(block(picture))
    before = Change.objects.filter(name="words").last()
    make_pictures()
    assert Change.objects.filter(name="words").last() != before, "pages that are kept are made anew"
    kinds = {"avif": "AVIF", "webp": "WEBP", "png": "PNG"}
    made = {}
    for one in picture.renditions.all():
        with Image.open(default_storage.path(one.file.name)) as opened:
            assert opened.format == kinds[one.file.name.rpartition(".")[2]]
            assert opened.size == (one.width, one.height)
        answer = Client().get(one.url)
        assert answer.status_code == 200
        made[one.filter_spec] = answer["Content-Type"]
    assert set(made) == set(BLOCK.specs)
    assert made["width-480|format-avif"] == "image/avif" and made["width-960"] == "image/png"
    html = visit(URL)
    assert html.index('type="image/avif"') < html.index('type="image/webp"'), (
        "the smaller one is offered first"
    )
    for kind in ("avif", "webp"):
        srcset = re.search(rf'type="image/{kind}" srcset="([^"]+)"', html)
        assert srcset and re.findall(r" (\d+)w", srcset[1]) == ["480", "960"]
        assert srcset[1].count(f".{kind}") == 2
    image = html.partition('<source type="image/webp"')[2].partition("<img")[2].partition(">")[0]
    assert ".png" in image and 'width="960" height="720"' in image and 'loading="lazy"' in image


def test_the_picture_of_the_home_page_is_cut_to_one_shape_and_follows_what_the_editor_marks(
    picture: Any, queue: Any, django_capture_on_commit_callbacks: Any
) -> None:
    write_home(texts={"de": {"title": "Kontor", "hero_picture": picture}})
    assert f'src="{picture.file.url}"' in visit("/")
    make_due()
    sizes = picture.renditions.all()
    assert {one.filter_spec for one in sizes} == set(HERO.specs)
    assert {one.width * 3 for one in sizes} == {one.height * 4 for one in sizes}
    html = visit("/")
    assert all(one.url in html for one in sizes)
    top = html.partition('class="hero"')[2].partition("</section>")[0]
    assert top.count("480w") == top.count("800w") == top.count("1200w") == 2 and 'fetchpriority="high"' in top
    assert ".jpg" in top.partition("<img")[2], "for browsers that know neither, and for previews of a link"
    webp = [one for one in sizes if one.filter_spec in HERO.of("webp")]
    sizes.exclude(pk__in=[one.pk for one in webp]).delete()  # published before there was AVIF
    html = visit("/")
    assert "image/avif" not in html and all(one.url in html for one in webp)
    picture.focal_point_x, picture.focal_point_y = 10, 10
    picture.focal_point_width = picture.focal_point_height = 5
    with django_capture_on_commit_callbacks(execute=True):
        picture.save()
    assert queue.names().count(TASK) == 1
    make_due()
    anew = picture.renditions.exclude(pk__in=[one.pk for one in webp])
    assert {one.filter_spec for one in anew} == set(HERO.specs), "cut around the new place"


def test_a_small_picture_is_never_enlarged_and_no_width_is_offered_twice(picture: Any) -> None:
    small = another("klein", size=(300, 200))
    write(block(small))
    make_due()
    html = visit(URL)
    assert {(one.width, one.height) for one in small.renditions.all()} == {(300, 200)}
    assert re.findall(r" (\d+)w", html) == ["300", "300"]


def test_each_size_is_made_once_and_many_wait_their_turn(picture: Any, queue: Any) -> None:
    shown = [another(str(number), size=(500, 400)) for number in range(BATCH + 1)]
    write(block(*shown[:3]), block(*shown[3:]))
    make_pictures()
    assert queue.names() == [TASK], "it asks for one more turn"
    make_pictures()
    assert not make_due() and not PictureTrouble.objects.exists()
    rows = {one.pk: one.file.name for image in shown for one in image.renditions.all()}
    assert len(rows) == len(shown) * len(BLOCK.specs)
    make_due()
    assert rows == {one.pk: one.file.name for image in shown for one in image.renditions.all()}


def test_turns_do_not_pile_up_while_many_wait(
    picture: Any, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """The clock begins one each minute, and each asks for the next: also while no worker takes any."""
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(make_pictures, "apply_async", lambda *_args, **options: asked.append(options))
    write(block(*(another(str(number), size=(500, 400)) for number in range(BATCH + 1))))
    make_pictures()
    (turn,) = asked
    assert 0 < turn["expires"] <= settings.CELERY_BEAT_SCHEDULE["make sizes of pictures of pages"]["schedule"]


def test_drafts_and_pictures_of_no_page_are_left_alone(picture: Any) -> None:
    page = write(block(picture))["de"]
    for one in LandingPage.objects.all():
        one.unpublish()
    another("allein")
    make_due()
    assert not picture.renditions.exists()
    LandingPage.objects.get(pk=page.pk).get_latest_revision_as_object().save_revision().publish()
    make_due()
    assert picture.renditions.count() == len(BLOCK.specs)


@pytest.mark.parametrize("content", [b"<svg/>", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_is_no_picture_is_given_up_stops_no_other_and_is_tried_anew_when_published(
    picture: Any, content: bytes, clock: Any
) -> None:
    clock.stop()
    broken = another("kaputt", content)
    pages = write(block(broken, picture))
    for _try in range(TRIES_MAX + 2):
        make_due()
        clock.advance(hours=1)
    trouble = PictureTrouble.objects.get()
    assert (trouble.image_id, trouble.tries) == (broken.pk, TRIES_MAX) and trouble.trouble
    assert picture.renditions.count() == len(BLOCK.specs)
    assert broken.file.url in visit(URL)
    good = io.BytesIO()
    Image.new("RGB", (800, 600)).save(good, "PNG")
    broken.file.storage.delete(broken.file.name)
    broken.file.storage.save(broken.file.name, ContentFile(good.getvalue()))
    pages["de"].save_revision().publish()
    make_due()
    assert broken.renditions.count() == len(BLOCK.specs) and not PictureTrouble.objects.exists()


def test_a_picture_whose_file_is_lost_takes_no_page_down(picture: Any) -> None:
    picture.file.storage.delete(picture.file.name)
    write(block(picture))
    write_home(texts={"de": {"title": "Kontor", "hero_picture": picture}})
    make_due()
    for url in ("/", URL):
        assert picture.file.url in visit(url)


class Away:
    """A storage that can be had, or not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.what: set[str] = set()
        for name in ("_open", "_save"):
            monkeypatch.setattr(
                FileSystemStorage, name, self._or_away(name, getattr(FileSystemStorage, name))
            )

    def _or_away(self, name: str, really: Any) -> Any:
        def done(storage: Any, *args: Any, **kwargs: Any) -> Any:
            if name in self.what:
                raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
            return really(storage, *args, **kwargs)

        return done


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Away:
    return Away(monkeypatch)


@pytest.mark.parametrize("what", ["_open", "_save"])
def test_while_the_storage_is_away_pictures_wait_and_none_is_given_up(
    picture: Any, queue: Any, clock: Any, away: Away, what: str
) -> None:
    clock.stop()
    shown = [another(str(number), size=(500, 400)) for number in range(BATCH + 1)]
    write(block(*shown[:3]), block(*shown[3:]))
    away.what = {what}
    make_pictures()
    assert queue.names() == [TASK], "one has not had its turn"
    queue.asked.clear()
    make_pictures()
    assert queue.names() == [], "those that failed rest"
    assert {row.tries + row.waits for row in PictureTrouble.objects.all()} == {1}
    for _hour in range(TRIES_MAX + 2):
        clock.advance(hours=1)
        make_due(limit=None)
    assert {(row.tries, row.waits) for row in PictureTrouble.objects.all()} == {(0, TRIES_MAX + 3)}
    assert not pictures.stuck().exists()
    away.what = set()
    clock.advance(hours=1)
    make_due(limit=None)
    assert not PictureTrouble.objects.exists()
    assert all(image.renditions.count() == len(BLOCK.specs) for image in shown)


def test_a_storage_that_is_away_for_long_is_shown_to_staff(picture: Any, clock: Any, away: Away) -> None:
    clock.stop()
    write(block(picture))
    away.what = {"_open"}
    for _hour in range(pictures.WAITS_SHOWN):
        assert not pictures.stuck().exists()
        make_due()
        clock.advance(hours=1)
    assert [row.image for row in pictures.stuck()] == [picture]


def test_a_picture_whose_file_is_lost_is_given_up_and_one_that_failed_comes_after_the_others(
    picture: Any, clock: Any
) -> None:
    clock.stop()
    lost = [another(str(number)) for number in range(BATCH)]
    for one in lost:
        one.file.storage.delete(one.file.name)
    later = another("spaeter", size=(500, 400))
    write(block(*lost), block(later))
    make_due()
    clock.advance(hours=1)
    make_due(limit=1)
    assert later.renditions.count() == len(BLOCK.specs), "made before what failed once is tried again"
    for _try in range(TRIES_MAX):
        make_due()
        clock.advance(hours=1)
    assert {row.tries for row in pictures.stuck()} == {TRIES_MAX} and len(pictures.stuck()) == BATCH


def test_a_run_whose_time_is_over_ends_counts_and_tells_of_what_was_made(
    picture: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.stop()
    heavy = another("schwer", size=(500, 400))
    write(block(picture, heavy))
    before = Change.objects.filter(name="words").last()
    really = type(heavy).get_rendition

    def slow(image: Any, spec: Any) -> Any:
        if image.pk == heavy.pk:
            raise SoftTimeLimitExceeded
        return really(image, spec)

    monkeypatch.setattr(type(heavy), "get_rendition", slow)
    with pytest.raises(SoftTimeLimitExceeded):
        make_pictures()
    assert Change.objects.filter(name="words").last() != before
    row = PictureTrouble.objects.get()
    assert (row.image_id, row.tries) == (heavy.pk, 1) and row.next_at > clock.now()


def test_a_picture_that_is_deleted_meanwhile_stops_no_other(
    picture: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = another("weg", size=(500, 400))
    write(block(gone, picture))
    really = PictureTrouble.objects.get_or_create

    def deleted(image: Any) -> Any:
        if image.pk == gone.pk:
            raise IntegrityError("FOREIGN KEY constraint failed")
        return really(image=image)

    monkeypatch.setattr(PictureTrouble.objects, "get_or_create", deleted)
    make_due()
    assert picture.renditions.count() == len(BLOCK.specs)


def test_a_picture_that_gets_another_file_while_its_storage_fails_has_its_new_chance(
    picture: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(block(picture))

    def changed_meanwhile(image: Any, spec: Any) -> Any:
        pictures.try_again([image.pk])
        PictureTrouble.objects.create(image=image)
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    monkeypatch.setattr(type(picture), "get_rendition", changed_meanwhile)
    assert make_due() is False
    assert PictureTrouble.objects.get().tries == 0


def test_what_is_wanted_costs_the_same_for_any_number_of_pictures(picture: Any) -> None:
    write(block(picture))
    HomePage.objects.update(hero_picture=picture)
    make_due()

    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            make_due()
        return len(seen)

    few = cost()
    write(block(*[another(str(number), size=(40, 30)) for number in range(6)]))
    make_due(limit=None)
    assert cost() == few
