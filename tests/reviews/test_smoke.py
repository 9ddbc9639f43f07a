from datetime import timedelta
import pytest
from governance.reviews import clocks
from governance.notices import delivery
from governance.notices.models import Notice, Message
from django.db import connection
from django.test.utils import CaptureQueriesContext

@pytest.mark.django_db
def test_smoke(story, mailoutbox):
    s = story("production", tier_proposed=4)
    due = s.fresh.review_due_at
    print(s.at, due)
    delivery.drain(s.at); mailoutbox.clear()
    for d in (timedelta(days=-3), timedelta(0), timedelta(days=1)):
        at = due + d
        print(at, clocks.run(at), delivery.drain(at))
        for n in Notice.objects.filter(owed_at=at, channel="email").order_by("pk"):
            print("   ", n.person.name, n.occasion, "|", n.subject, "|", n.body, "|", n.send_at, n.sent_at)
    for m in mailoutbox:
        print("=====", m.to, m.subject); print(m.message().as_string()[:1800])
    for o, p in clocks.tonight(due + timedelta(days=20)): print(o.code, p)
    with CaptureQueriesContext(connection, ) as c:
        print(clocks.run(due+timedelta(days=1)))
    for q in c.captured_queries: print(len(q["sql"]), q["sql"][:200])
