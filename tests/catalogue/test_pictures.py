"""Pictures: every size made once by a task, offered in modern formats with a fallback, in a frame that never moves."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from catalogue import picture_files, pictures
from catalogue.actions import add_picture
from catalogue.models import ProductImage
from catalogue.picture_files import TRIES_MAX, make_due
from catalogue.pictures import rendition_name, rendition_names
from catalogue.tasks import make_pictures
from tests.factories.range import make_category, make_product

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path)
    return tmp_path


def png(width: int = 900, height: int = 600) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (width, height), (200, 30, 30, 128)).save(out, "PNG")
    return out.getvalue()


def added(width: int = 900, height: int = 600, **options: Any) -> ProductImage:
    return add_picture(
        product=make_product(pictures=0), name="elbschuh.png", content=png(width, height), **options
    )


def test_a_task_makes_squares_in_every_format_and_none_larger_than_the_original(client: Client) -> None:
    image = added()
    assert make_due() is False
    image.refresh_from_db()
    assert image.widths == [200, 400, 800]
    for name in rendition_names(image.original.name, image.widths):
        width = int(Path(name).stem.partition("@")[2])
        with Image.open(default_storage.path(name)) as made:
            assert made.size == (width, width)
        kind = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg"}[name.rpartition(".")[2]]
        answer = client.get(default_storage.url(name))
        assert (answer.status_code, answer["Content-Type"]) == (200, kind)
    assert len(rendition_names(image.original.name, image.widths)) == 7


def test_until_then_pages_show_the_original_and_nothing_that_is_not_there(client: Client) -> None:
    image = added()
    url = image.product.get_absolute_url()
    html = client.get(url).content.decode()
    assert image.original.url in html and "@400" not in html and "%40400" not in html
    make_due()
    html = client.get(url).content.decode()
    for part in ("image/avif", "image/webp", "%40800.jpg", "%40400.avif 400w", "%40800.webp 800w"):
        assert part in html
    assert image.original.url not in html


def test_every_picture_of_page_and_list_has_a_fixed_frame_and_those_below_wait(client: Client) -> None:
    shoes = make_category()
    product = make_product(category=shoes, pictures=0)
    for n in range(3):
        add_picture(product=product, name=f"{n}.png", content=png())
    while make_due():
        pass
    for url in (product.get_absolute_url(), f"/catalogue/category/{shoes.slug}_{shoes.pk}/"):
        html = client.get(url).content.decode()
        tags = [tag for tag in html.split("<img")[1:] if "/media/" in tag.partition(">")[0]]
        assert tags
        for tag in (one.partition(">")[0] for one in tags):
            assert "width=" in tag and "height=" in tag
            assert 'loading="lazy"' in tag or 'fetchpriority="high"' in tag


def test_each_picture_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    image = added()
    made: list[str] = []

    def counted(one: Any) -> list[int]:
        made.append(one.original.name)
        return pictures.make_renditions(one)

    monkeypatch.setattr(picture_files, "make_renditions", counted)
    # further rows that show the same file, as an import makes them
    ProductImage.objects.create(product=make_product(pictures=0), original=image.original.name)
    make_due()
    late = ProductImage.objects.create(product=make_product(pictures=0), original=image.original.name)
    make_due()
    make_due()
    assert made == [image.original.name]
    late.refresh_from_db()
    assert late.widths == [200, 400, 800]


def test_many_wait_their_turn(monkeypatch: pytest.MonkeyPatch, queue: Any) -> None:
    for _n in range(picture_files.BATCH + 1):
        added(210, 210)
    make_pictures()
    assert ProductImage.objects.exclude(made_at=None).count() == picture_files.BATCH
    make_pictures()
    assert not ProductImage.objects.filter(made_at=None).exists()


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\n", png()[:200]])
def test_what_is_no_picture_is_given_up_with_a_reason_and_stops_no_other(content: bytes, clock: Any) -> None:
    clock.stop()
    broken = add_picture(product=make_product(pictures=0), name="kaputt.png", content=content)
    good = added()
    for _try in range(TRIES_MAX + 2):
        make_due()
        clock.advance(hours=1)
    broken.refresh_from_db()
    good.refresh_from_db()
    assert (broken.tries, broken.waits, broken.made_at) == (TRIES_MAX, 0, None)
    assert good.widths == [200, 400, 800]
    assert broken.trouble and [row.pk for row in picture_files.stuck(ProductImage)] == [broken.pk]


def test_a_picture_that_was_given_up_is_tried_anew_when_somebody_asks(clock: Any) -> None:
    clock.stop()
    broken = add_picture(product=make_product(pictures=0), name="kaputt.png", content=b"<svg/>")
    for _try in range(TRIES_MAX):
        make_due()
        clock.advance(hours=1)
    name = broken.original.name
    default_storage.delete(name)
    default_storage.save(name, ContentFile(png()))
    make_due()
    broken.refresh_from_db()
    assert not broken.widths
    assert picture_files.try_again(broken.pk) and not picture_files.stuck(ProductImage).exists()
    make_due()
    broken.refresh_from_db()
    assert broken.widths == [200, 400, 800]
    assert not picture_files.try_again(broken.pk), "it is made"


@pytest.mark.parametrize("what", ["_open", "_save"])
def test_while_the_storage_is_away_pictures_wait_and_none_is_given_up(
    monkeypatch: pytest.MonkeyPatch, queue: Any, clock: Any, what: str
) -> None:
    clock.stop()
    for _n in range(picture_files.BATCH + 1):
        added(210, 210)

    def away(*_args: Any, **_kwargs: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    queue.asked.clear()
    with monkeypatch.context() as outage:
        outage.setattr(FileSystemStorage, what, away)
        make_pictures()
        assert queue.names() == ["catalogue.make_pictures"], "one has not had its turn"
        queue.asked.clear()
        make_pictures()
        assert queue.names() == [], "those that failed rest"
        assert set(ProductImage.objects.values_list("tries", "waits")) == {(0, 1)}
        for _hour in range(picture_files.WAITS_SHOWN - 1):
            assert not picture_files.stuck(ProductImage).exists()
            clock.advance(hours=1)
            make_due(limit=picture_files.BATCH + 1)
    assert set(ProductImage.objects.values_list("tries", "waits")) == {(0, picture_files.WAITS_SHOWN)}
    assert picture_files.stuck(ProductImage).count() == picture_files.BATCH + 1, (
        "away for long: staff should look"
    )
    clock.advance(hours=1)
    make_due(limit=picture_files.BATCH + 1)
    assert not ProductImage.objects.filter(made_at=None).exists()
    assert not picture_files.stuck(ProductImage).exists()


def test_what_failed_once_waits_behind_the_others(clock: Any) -> None:
    clock.stop()
    lost = [added(210, 210) for _n in range(picture_files.BATCH)]
    for one in lost:
        default_storage.delete(one.original.name)
    make_due()
    later = added(210, 210)
    clock.advance(hours=1)
    make_due(limit=1)
    later.refresh_from_db()
    assert later.widths == [200]


def test_a_run_whose_time_is_over_ends_and_counts(monkeypatch: pytest.MonkeyPatch, clock: Any) -> None:
    clock.stop()
    image = added()

    def slow(_image: Any) -> list[int]:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(picture_files, "make_renditions", slow)
    with pytest.raises(SoftTimeLimitExceeded):
        make_due()
    image.refresh_from_db()
    assert (image.tries, image.waits) == (1, 0) and image.next_at is not None


def test_an_original_that_would_burst_the_worker_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "PIXELS_MAX", 1_000)
    image = added(100, 100)
    make_due()
    image.refresh_from_db()
    assert "TooLarge" in image.trouble and (image.tries, image.waits) == (1, 0)


def test_turned_photographs_stand_upright() -> None:
    out = io.BytesIO()
    photo = Image.new("RGB", (400, 200), "white")
    photo.paste("navy", (0, 0, 200, 200))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    photo.save(out, "JPEG", exif=exif)
    image = add_picture(product=make_product(pictures=0), name="foto.jpg", content=out.getvalue())
    make_due()
    with Image.open(default_storage.path(rendition_name(image.original.name, 200))) as made:
        upper, lower = made.getpixel((100, 20)), made.getpixel((100, 180))
    assert upper[2] > upper[0] and lower[0] > 200  # navy above, white below


def test_sizes_go_with_their_picture_but_not_while_another_row_shows_it(
    media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    image = added()
    make_due()
    image.refresh_from_db()
    other = ProductImage.objects.create(
        product=image.product, original=image.original.name, widths=image.widths, made_at=image.made_at,
        display_order=5,
    )  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        other.delete()
    assert default_storage.exists(rendition_name(image.original.name, 400))
    with django_capture_on_commit_callbacks(execute=True):
        image.delete()
    assert not [path for path in media.rglob("*@*") if path.is_file()]


def test_looking_at_pictures_costs_no_query() -> None:
    image = ProductImage.objects.select_related("colour").get(pk=added().pk)
    with CaptureQueriesContext(connection) as seen:
        pictures.picture(image, "Schuh")
    assert len(seen) == 0


def test_a_picture_that_blows_up_is_named_and_the_others_are_made() -> None:
    good = added()
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    bad = ProductImage.objects.create(product=make_product(pictures=0), display_order=0)
    bad.original.save("bombe.png", ContentFile(bomb.getvalue()))
    make_due()
    for image in (good, bad):
        image.refresh_from_db()
    assert good.widths and not bad.widths
    assert "DecompressionBomb" in bad.trouble


def test_a_second_worker_at_the_same_picture_leaves_no_file_that_nobody_deletes(
    media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = added()
    make_due()
    image.refresh_from_db()
    before = sorted(path.name for path in media.rglob("*") if path.is_file())
    real, asked = default_storage.exists, set()

    def exists(name: str) -> bool:  # none was there when it looked; they came before it wrote
        first = name not in asked
        asked.add(name)
        return False if first else real(name)

    monkeypatch.setattr(default_storage._wrapped, "exists", exists)
    pictures.make_renditions(image)
    assert sorted(path.name for path in media.rglob("*") if path.is_file()) == before


def test_what_has_no_sizes_comes_before_what_is_made_once_more() -> None:
    former, new = added(210, 210), added(210, 210)
    ProductImage.objects.filter(pk=former.pk).update(original="a.png", widths=[200])
    make_due(limit=1)
    new.refresh_from_db()
    assert new.widths == [200] and new.made_at


def test_turns_do_not_pile_up_while_thousands_wait(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """The clock begins one each minute, and each asks for the next."""
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(make_pictures, "apply_async", lambda *_args, **options: asked.append(options))
    for _n in range(picture_files.BATCH + 1):
        added(210, 210)
    make_pictures()
    (turn,) = asked
    assert 0 < turn["expires"] <= settings.CELERY_BEAT_SCHEDULE["make sizes of pictures"]["schedule"]


def test_a_browser_keeps_the_original_in_the_place_of_a_size_for_minutes_only(client: Client) -> None:
    """Else it would show that for a month, also when the size is made."""
    image = added()
    size = default_storage.url(rendition_name(image.original.name, 400, "jpg"))
    instead = client.get(size)
    assert instead.status_code == 200
    assert instead["Cache-Control"] == "public, max-age=600"
    assert client.get(image.original.url)["Cache-Control"] == "public, max-age=2592000"
    make_due()
    made = client.get(default_storage.url(rendition_name(image.original.name, 400, "webp")))
    assert made["Cache-Control"] == "public, max-age=2592000"
