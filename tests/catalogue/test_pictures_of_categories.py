"""Pictures of categories: sizes made by the same task, however a category got its picture; gone when none shows it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from catalogue import picture_files, tree
from catalogue.models import Category, CategoryPicture
from catalogue.picture_files import TRIES_MAX, make_due
from catalogue.pictures import rendition_name, rendition_names
from shop.pages.actions import write_home
from tests.catalogue.test_pictures import added, media, png
from tests.factories.range import make_category

pytestmark = pytest.mark.django_db
__all__ = ["media"]


def pictured(name: str = "Stiefel", content: bytes | None = None) -> Category:
    category = make_category(name)
    category.image.save(f"{category.slug}.png", ContentFile(png() if content is None else content))
    tree.forget()
    return category


def sizes(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*@*") if path.is_file())


def test_a_tile_comes_in_every_format_in_a_fixed_frame_and_shows_the_original_until_then(
    client: Client,
) -> None:
    write_home(texts={"de": {"title": "Start"}})
    category = pictured()
    html = client.get("/").content.decode()
    assert category.image.url in html and "@400" not in html and "%40400" not in html
    make_due()
    html = client.get("/").content.decode()
    tile = html[html.index('class="tile"') :].partition("</a>")[0]
    for part in ("image/avif", "image/webp", "%40400.avif 400w", "%40400.webp 400w", "%40400.jpg", 'alt=""'):
        assert part in tile
    assert 'width="400" height="400" loading="lazy"' in tile and category.image.url not in tile
    made = CategoryPicture.objects.get()
    assert made.widths == [200, 400], "the shorter side is 600"
    for name in rendition_names(made.original.name, made.widths):
        width = int(Path(name).stem.partition("@")[2])
        with Image.open(default_storage.path(name)) as opened:
            assert opened.size == (width, width)
        assert client.get(default_storage.url(name)).status_code == 200


def test_a_tile_is_cut_out_of_the_middle_as_the_original_was_shown() -> None:
    wide = Image.new("RGB", (900, 300), "navy")
    wide.paste("white", (300, 0, 600, 300))
    out = io.BytesIO()
    wide.save(out, "PNG")
    pictured(content=out.getvalue())
    make_due()
    made = CategoryPicture.objects.get()
    with Image.open(default_storage.path(rendition_name(made.original.name, 200, "jpg"))) as opened:
        assert all(min(opened.getpixel(spot)) > 240 for spot in ((5, 5), (100, 100), (194, 194)))


def test_looking_at_the_range_costs_one_query_with_its_pictures() -> None:
    for name in ("Stiefel", "Sandalen", "Pflege"):
        pictured(name)
    while make_due():
        pass
    with CaptureQueriesContext(connection) as seen:
        assert all(node.picture and node.picture.webp for node in tree.menu())
    assert len(seen) == 1


def test_a_new_or_changed_picture_asks_for_its_sizes_at_once(
    queue: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        category = pictured()
    assert queue.names() == ["catalogue.make_pictures"]
    make_due()
    queue.asked.clear()
    with django_capture_on_commit_callbacks(execute=True):
        category.name = "Gummistiefel"
        category.save()
    assert queue.names() == [], "its picture is the same"
    with django_capture_on_commit_callbacks(execute=True):
        category.image.save("anderer.png", ContentFile(png()))
    assert queue.names() == ["catalogue.make_pictures"]


def test_what_no_signal_tells_is_found_by_the_clock_and_the_sizes_of_the_former_picture_go(
    media: Path,
) -> None:
    category = pictured()
    make_due()
    former = category.image.name
    later = default_storage.save("categories/neu.png", ContentFile(png()))
    Category.objects.filter(pk=category.pk).update(image=later)
    make_due()
    assert [row.original.name for row in CategoryPicture.objects.all()] == [later]
    assert sizes(media) == sorted(Path(name).name for name in rendition_names(later, [200, 400]))
    node = tree.tree().by_id[category.pk]
    assert node.picture and "neu%40400" in node.picture.webp, "this process knows at once"
    assert default_storage.exists(former), "the original stays"
    Category.objects.update(image="")
    make_due()
    assert not CategoryPicture.objects.exists() and sizes(media) == []


def test_sizes_stay_while_another_category_shows_the_picture_and_go_with_the_last(media: Path) -> None:
    category, other = pictured(), make_category("Sandalen")
    Category.objects.filter(pk=other.pk).update(image=category.image.name)
    make_due()
    there = sizes(media)
    Category.objects.filter(pk=category.pk).update(image="")
    make_due()
    assert sizes(media) == there != []
    other.refresh_from_db()
    other.delete()
    make_due()
    assert sizes(media) == [] and not CategoryPicture.objects.exists()


def test_a_picture_that_was_replaced_while_it_was_made_leaves_no_file_behind(
    media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    category = pictured()
    real = picture_files.make_renditions

    def replaced_meanwhile(image: Any) -> list[int]:
        widths = real(image)
        Category.objects.filter(pk=category.pk).update(image="")
        picture_files.follow_categories()
        return widths

    # it was tried and rests no more, so that the other worker takes its row away
    monkeypatch.setattr(picture_files, "rest_until", lambda _failures: picture_files.now())
    monkeypatch.setattr(picture_files, "make_renditions", replaced_meanwhile)
    make_due()
    assert sizes(media) == [] and not CategoryPicture.objects.exists()


def test_while_the_storage_is_away_they_wait_and_none_is_given_up(
    media: Path, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    clock.stop()
    category = pictured()

    def away(*_args: Any, **_kwargs: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    with monkeypatch.context() as outage:
        outage.setattr(FileSystemStorage, "_open", away)
        for _hour in range(picture_files.WAITS_SHOWN):
            assert not picture_files.stuck(CategoryPicture).exists()
            make_due()
            clock.advance(hours=1)
        row = picture_files.stuck(CategoryPicture).get()
        assert (row.tries, row.waits) == (0, picture_files.WAITS_SHOWN)
    make_due()
    assert sizes(media) and not picture_files.stuck(CategoryPicture).exists()
    with monkeypatch.context() as outage:
        outage.setattr(FileSystemStorage, "delete", away)
        Category.objects.filter(pk=category.pk).update(image="")
        make_due()
        assert CategoryPicture.objects.exists(), "its files are still to go"
    clock.advance(hours=1)
    make_due()
    assert sizes(media) == [] and not CategoryPicture.objects.exists()


def test_what_is_no_picture_is_given_up_stops_no_other_and_is_tried_anew_when_asked(clock: Any) -> None:
    clock.stop()
    broken = pictured("Kaputt", b"<svg/>")
    good, shoe = pictured("Heil"), added()
    for _try in range(TRIES_MAX + 2):
        make_due()
        clock.advance(hours=1)
    shoe.refresh_from_db()
    rows = {row.original.name: row for row in CategoryPicture.objects.all()}
    assert rows[good.image.name].widths and shoe.widths
    row = rows[broken.image.name]
    assert (row.tries, row.made_at) == (TRIES_MAX, None)
    assert [one["title"] for one in picture_files.all_stuck()] == ["Kaputt"]
    default_storage.delete(broken.image.name)
    default_storage.save(broken.image.name, ContentFile(png()))
    assert picture_files.try_again(row.pk, CategoryPicture)
    make_due()
    row.refresh_from_db()
    assert row.widths == [200, 400] and not picture_files.try_again(row.pk, CategoryPicture), "it is made"
