"""The demo's mailbox, at whatever hour somebody tries it."""

import pytest

from governance.core.moments import day, moment
from governance.demo import actions
from tests import make, web


@pytest.mark.parametrize("hour", [3, 10])
def test_a_week_on_the_mailbox_names_reminder_and_due_notice_and_a_day_later_the_escalation(db, client, hour):
    cast = make.make_cast(kind="demo")
    story = make.make_initiative(cast, "production", make.AT.replace(hour=hour), tier_proposed=4)
    at = actions.forward(7, by=cast.staff, at=story.at)

    def mailbox() -> str:
        return web.Page(client.get(f"/demo/mail/?to={cast.owner.pk}").content.decode(), "/").words

    due = story.fresh.review_due_at
    assert at >= due
    assert f"Review AI-1 Support refunds by {day(due)}" in mailbox()
    assert f"Review due {moment(due)}: AI-1 Support refunds" in mailbox()
    actions.forward(1, by=cast.staff, at=at)
    assert "Review missing for 24 hours: AI-1 Support refunds, tier 4" in mailbox()
