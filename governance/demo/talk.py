"""What the people of the demo company said about their initiatives, before it opens."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from governance.comments.models import Comment
from governance.initiatives import comments
from governance.reviews.models import Told


def tell(story: Any) -> Iterator[datetime]:
    """Yield the instant of each thing said about a story of seed.py just before saying it; without words they resolve the thread."""
    for ago, hour, who, answers, text in story.values["said"]:
        yield (at := story.day(ago, hour))
        by = getattr(story.cast, who)
        if text:
            comments.write(story.fresh, text, by=by, at=at, answers=answers or None)
        else:
            comments.resolve(story.fresh, answers, by=by, at=at)


def is_old(at: datetime) -> None:
    """Mark what was said before the company was installed as told: the mornings of it have gone."""
    said = Comment.objects.values_list("pk", "written_at")
    Told.objects.bulk_create(
        [Told(occasion="comments.new", thing_id=pk, since=written_at, told_at=at) for pk, written_at in said]
    )
