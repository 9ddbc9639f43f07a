"""A request reads the installation and the clock once, and times are shown in the reader's zone."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.portal.urls")]


def test_the_moment_of_a_demo_is_the_walls_plus_its_offset(client, django_assert_num_queries):
    from governance.core.models import Installation

    Installation.objects.create(
        pk=1, kind="demo", company="Aldermoor", made_at=timezone.now(), clock_offset_seconds=7 * 86400
    )
    before = timezone.now()

    with django_assert_num_queries(1):
        said = client.get("/t/moment/").content.decode().split()

    assert before <= datetime.fromisoformat(said[0]) - timedelta(days=7) <= timezone.now()
    assert said[1] == "Aldermoor"


def test_the_zone_is_the_readers_else_the_companys_and_ends_with_the_request(rf, reader, installation):
    from django.contrib.auth.models import AnonymousUser
    from django.http import HttpResponse

    from portal.middleware import Moment

    seen = []

    def page(request):
        moment.process_view(request, lambda: None, (), {})
        seen.append(timezone.get_current_timezone_name())
        return HttpResponse()

    moment = Moment(page)
    for user in (reader, AnonymousUser()):
        request = rf.get("/")
        request.user = user
        moment(request)

    assert seen == ["Asia/Tokyo", "Europe/London"]
    assert timezone.get_current_timezone_name() == "UTC"


def test_before_set_up_there_is_a_real_installation_without_a_name(client):
    response = client.get("/t/moment/")

    assert response.status_code == 200
