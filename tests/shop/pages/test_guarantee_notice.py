"""The Commission's graphic is uploaded by those who write the pages, once per language."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.test import Client
from PIL import Image as Drawn
from wagtail.images.models import Image

from shop.dashboard.roles import sync_roles
from shop.pages.models import GuaranteeNotice
from tests.factories.people import make_user
from tests.factories.range import make_product

pytestmark = pytest.mark.django_db
ADD = "/cms/snippets/pages/guaranteenotice/add/"


@pytest.fixture
def editor(client: Client, settings: Any, tmp_path: Any) -> Client:
    settings.MEDIA_ROOT = str(tmp_path)
    sync_roles()
    person = make_user(email="marketing@example.org", is_staff=True)
    person.groups.add(Group.objects.get(name="marketing"))
    client.force_login(person)
    return client


def test_marketing_uploads_it_once_per_language_and_a_lost_file_harms_no_page(
    editor: Client, client: Client
) -> None:
    page = editor.get(ADD)
    assert page.status_code == 200 and "EU-Mitteilung zum Gewährleistungsrecht" in page.content.decode()
    out = io.BytesIO()
    Drawn.new("RGB", (1200, 1700), "navy").save(out, "PNG")
    picture = Image.objects.create(title="x", file=ContentFile(out.getvalue(), "x.png"))
    picture.file.storage.delete(picture.file.name)  # lost between the upload and now
    asked = {"language": "de", "picture": picture.pk}
    assert editor.post(ADD, asked).status_code == 302
    assert GuaranteeNotice.objects.get().language == "de"
    assert "guarantee__graphic" in client.get(make_product().get_absolute_url()).content.decode()
    again = editor.post(ADD, asked)
    assert again.status_code == 200 and GuaranteeNotice.objects.count() == 1
    assert editor.post(ADD, {"language": "xx", "picture": "99999"}).status_code == 200


def test_others_do_not_reach_it(client: Client) -> None:
    sync_roles()
    person = make_user(email="lager@example.org", is_staff=True)
    person.groups.add(Group.objects.get(name="warehouse"))
    client.force_login(person)
    assert client.get(ADD).status_code in (302, 403)
    assert not GuaranteeNotice.objects.exists()
