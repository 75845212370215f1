"""Marketing writes synonyms and sees what was looked for in vain."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalogue.search.models import MissedSearch, Synonym
from shop.dashboard.roles import sync_roles
from shop.kernel.clock import today
from tests.factories.people import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def marketing(client: Client) -> Client:
    sync_roles()
    person = make_user(email="marketing@example.org", is_staff=True)
    person.groups.add(Group.objects.get(name="marketing"))
    client.force_login(person)
    return client


def test_synonyms_are_written_changed_deleted_and_written_again(marketing: Client) -> None:
    new = reverse("dashboard:synonym-new")
    assert marketing.post(new, {"words": "Treter"}).status_code == 422
    assert marketing.post(new, {"words": "Treter,  Sneaker , Treter"}, follow=True).status_code == 200
    row = Synonym.objects.get()
    assert row.words == "Treter, Sneaker"
    assert "Treter, Sneaker" in marketing.get(reverse("dashboard:synonyms"), {"q": "treter"}).content.decode()
    assert "Treter" in marketing.get(reverse("dashboard:synonyms"), {"format": "csv"}).content.decode()
    marketing.post(reverse("dashboard:synonym", args=[row.pk]), {"words": "Treter, Schuh", "one_way": "on"})
    assert Synonym.objects.get().one_way
    back = marketing.post(reverse("dashboard:synonym-delete", args=[row.pk]))
    assert not Synonym.objects.exists()
    assert "Treter, Schuh" in marketing.get(back["Location"]).content.decode()


def test_the_report_sums_up_days_and_leads_to_a_synonym(marketing: Client) -> None:
    for words, times, corrected in (("hausboot", 2, ""), ("stifel", 5, "stiefel")):
        MissedSearch.objects.create(day=today(), language="de", words=words, times=times, corrected=corrected)
    url = reverse("dashboard:missed-searches")
    with CaptureQueriesContext(connection) as few:
        page = marketing.get(url)
    assert [row["words"] for row in page.context["rows"]] == ["stifel", "hausboot"]
    assert f"{reverse('dashboard:synonym-new')}?words=hausboot" in page.content.decode()
    assert [row["words"] for row in marketing.get(url, {"shown": "no"}).context["rows"]] == ["hausboot"]
    assert "hausboot" in marketing.get(url, {"format": "csv"}).content.decode()
    assert marketing.get(url, {"days": "junk"}).status_code == 400
    MissedSearch.objects.bulk_create(
        MissedSearch(day=today(), language="de", words=f"wort {n}", times=1) for n in range(40)
    )
    with CaptureQueriesContext(connection) as many:
        marketing.get(url)
    assert len(many) <= len(few) + 1
