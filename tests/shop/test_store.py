"""Files in S3-compatible storage, against a server that works and checks signatures: pictures and papers come through
the shop alone, a backup takes them along, and what is set wrongly is said."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.test import Client
from storages.backends.s3 import S3Storage

from shop.kernel import backups, checks
from shop.pages import media
from shop.settings.storage import in_s3
from tests.support import store
from tests.support.store import ACCESS, BUCKET, SECRET, Store

from .pages.test_pages import png

PDF = b"%PDF-1.7 an invoice"
#: Ways to write what has no address here, as a reader may send them.
HIDDEN = (
    "x.html",
    "documents/x.png",
    "Documents/x.png",
    "/documents/x.png",
    "//documents/x.png",
    "documents//x.png",
    "./documents/x.png",
    "images/../documents/x.png",
    "documents%5Cx.png",
    "x%5C..%5Cdocuments%5Cx.png",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with store.running(tmp_path_factory.mktemp("store")) as running:
        yield running


@pytest.fixture
def s3(server: Store, settings: Any) -> Store:
    """Files are kept there as shop/settings/storage.py says."""
    settings.STORAGES = settings.STORAGES | in_s3(BUCKET, server.url, ACCESS, SECRET)
    return server


def test_a_picture_is_kept_there_and_shown_at_the_shops_own_address(
    s3: Store, db: None, client: Client
) -> None:
    name = default_storage.save("images/schuh größe.png", ContentFile(png()))
    assert (s3.folder / BUCKET / "media" / name).read_bytes() == png()
    assert default_storage.url(name) == "/media/images/schuh%20gr%C3%B6%C3%9Fe.png"
    answer = client.get(default_storage.url(name))
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert b"".join(answer) == png()
    assert "max-age" in answer["Cache-Control"] and "sandbox" in answer["Content-Security-Policy"]
    assert client.get("/media/images/schuh größe@400.webp")["Content-Type"] == "image/png", "its original"
    second = default_storage.save(name, ContentFile(b"another"))
    assert second != name, "nothing is written over"
    default_storage.delete(name)
    default_storage.delete(second)
    assert client.get(f"/media/{name}").status_code == 404


def test_documents_are_not_shown_from_a_folder_either(db: None, client: Client) -> None:
    for name in ("x.html", "documents/x.png"):
        default_storage.save(name, ContentFile(png()))
    for name in HIDDEN:
        assert client.get(f"/media/{name}").status_code in (301, 302, 400, 404), name


def test_while_the_store_is_away_nobody_waits_for_a_picture(
    settings: Any, db: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def away(name: str, *_: Any, **__: Any) -> Any:
        asked.append(name)
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    settings.STORAGES = settings.STORAGES | in_s3(BUCKET, "http://127.0.0.1:9", ACCESS, SECRET)
    monkeypatch.setattr(S3Storage, "open", away)
    media.forget()
    try:
        for _ in range(3):
            answer = client.get("/media/images/schuh.png")
            assert (answer.status_code, answer["Cache-Control"]) == (503, "no-store")
        assert len(asked) == 1, "then it is left alone for a while"
    finally:
        media.forget()


def test_only_some_threads_wait_for_the_store(
    settings: Any, db: None, client: Client, monkeypatch: Any
) -> None:
    settings.STORAGES = settings.STORAGES | in_s3(BUCKET, "http://127.0.0.1:9", ACCESS, SECRET)
    monkeypatch.setattr(media, "TURN_S", 0.01)
    turns = [media._turns.acquire(timeout=1) for _ in range(media.AT_ONCE)]
    try:
        assert client.get("/media/images/schuh.png").status_code == 503
    finally:
        for _ in turns:
            media._turns.release()


def test_nothing_but_pictures_is_shown_from_there(s3: Store, db: None, client: Client) -> None:
    for name in ("x.html", "documents/x.png"):
        default_storage.save(name, ContentFile(png()))
    for name in HIDDEN:
        assert client.get(f"/media/{name}").status_code in (301, 302, 400, 404), name


def test_a_paper_is_read_back_by_the_shop_and_by_nobody_else(s3: Store, db: None, client: Client) -> None:
    papers = storages["documents"]
    key = papers.save("invoices/2026/R-1.pdf", ContentFile(PDF))
    with papers.open(key) as file:
        assert file.read() == PDF
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(urllib.error.HTTPError) as refused:
        direct.open(f"{s3.url}/{BUCKET}/documents/{key}", timeout=5)
    assert refused.value.code in (400, 403), "without a signature"
    assert client.get(f"/media/../documents/{key}").status_code in (301, 302, 400, 404)
    papers.delete(key)
    assert not papers.exists(key)
    with pytest.raises(FileNotFoundError):
        papers.open(key)


def test_a_backup_takes_the_files_along_and_they_come_back(s3: Store, db: None, tmp_path: Path) -> None:
    picture = default_storage.save("pictures/schuh.png", ContentFile(png()))
    key = storages["documents"].save("invoices/2026/R-2.pdf", ContentFile(PDF))
    parts = {part.path for part in backups._copy_files(tmp_path, None)}
    assert {f"media/{picture}", f"documents/{key}"} <= parts
    assert (tmp_path / "documents" / key).read_bytes() == PDF
    default_storage.delete(picture)
    storages["documents"].delete(key)


@pytest.mark.parametrize(
    ("bucket", "secret", "said"),
    [
        (BUCKET, SECRET, []),
        ("nowhere", SECRET, ["bucket nowhere at http://127.0.0.1:", "there is no such bucket"]),
        (BUCKET, "false", ["it refuses us (403)"]),
    ],
)
def test_check_deploy_says_what_is_set_wrongly(
    bucket: str, secret: str, said: list[str], server: Store, settings: Any
) -> None:
    settings.STORAGES = settings.STORAGES | in_s3(bucket, server.url, ACCESS, secret)
    found = [str(message) for message in checks.the_bucket_is_there(None)]
    assert bool(found) is bool(said)
    assert all(word in found[0] for word in said)


def test_check_deploy_says_that_nobody_answers(settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | in_s3(BUCKET, "http://127.0.0.1:9", ACCESS, SECRET)
    (message,) = checks.the_bucket_is_there(None)
    assert "it does not answer" in str(message)


def test_without_the_bucket_a_paper_is_not_kept_and_that_is_an_outage(server: Store, settings: Any) -> None:
    from shop.kernel import outages

    settings.STORAGES = settings.STORAGES | in_s3("nowhere", server.url, ACCESS, SECRET)
    with pytest.raises(ClientError, match="NoSuchBucket") as refused:
        storages["documents"].save("x.pdf", ContentFile(PDF))
    assert outages.cause_of(refused.value) == outages.FILES
