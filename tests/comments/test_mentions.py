"""Whom a text mentions: a name, a first name, an address; and nobody where it could be nobody, or several people."""

import pytest

from governance.comments import mentions
from tests.make import make_person


def who(text: str) -> list[str]:
    """Return the names a text mentions; it must be clear about all of them."""
    people, problems = mentions.named(text)
    assert problems == []
    return [p.name for p in people]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@Priya Nair, does it hold?", ["Priya Nair"]),
        ("@priya nair", ["Priya Nair"]),
        ("ask @priya.nair.", ["Priya Nair"]),
        ("ask @priya.nair@example.org, please", ["Priya Nair"]),
        ("@PRIYA.NAIR@Example.org", ["Priya Nair"]),
        ("@Priya can you look?", ["Priya Nair"]),
        ("@Priya", ["Priya Nair"]),
        ("@Priya’s figures", ["Priya Nair"]),
        ("(@Priya Nair) and @Sam Doyle: both of you", ["Priya Nair", "Sam Doyle"]),
        ("@Sam Doyle @Sam Doyle @sam.doyle", ["Sam Doyle"]),
        ("@Sam. Priya knows", ["Sam Doyle"]),
        ("first line\n@Lena Kraus", ["Lena Kraus"]),
        ("write to priya.nair@example.org", []),
        ("at @ 5 o'clock, 3@home, @5pm, @", []),
        ("nobody is named here", []),
    ],
)
def test_a_mention_is_an_at_with_a_name_or_an_address(cast, text, names):
    assert who(text) == names


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (
            "@Prya look",
            "“@Prya” is nobody who works here. Write a name or an e-mail address after the @, or a blank if you mean nobody.",
        ),
        ("@Priyanka", "“@Priyanka” is nobody who works here. Did you mean Priya Nair (@priya.nair)?"),
        # A first name that is somebody's, with another surname: nobody is told in place of somebody else.
        (
            "@Sam Berg knows",
            "“@Sam Berg” is nobody who works here. Did you mean Sam Doyle (@sam.doyle), Tomas Berg (@tomas.berg)?",
        ),
        ("@all", "“@all” is nobody who works here."),
        ("@who@elsewhere.example", "“@who@elsewhere.example” is nobody who works here."),
    ],
)
def test_nobody_is_refused_with_those_who_could_be_meant(cast, text, refusal):
    people, problems = mentions.named(text)

    assert people == []
    assert len(problems) == 1
    assert problems[0].startswith(refusal)


def test_namesakes_are_refused_with_their_addresses_which_settle_it(cast):
    make_person("Priya Nair", email="p.nair@example.org")

    for text in ("@Priya Nair, please", "@Priya, please"):
        people, [problem] = mentions.named(text)
        assert people == []
        assert "could be several people" in problem
        assert "Priya Nair (@priya.nair@example.org), Priya Nair (@p.nair@example.org)" in problem
    assert [p.email for p in mentions.named("@p.nair")[0]] == ["p.nair@example.org"]
    assert [p.email for p in mentions.named("@priya.nair@example.org")[0]] == ["priya.nair@example.org"]


def test_a_name_goes_before_an_address_that_begins_like_it(cast):
    make_person("Rosa Vance", email="priya@example.org")

    assert who("@Priya Nair") == ["Priya Nair"]
    assert who("@priya, look") == ["Rosa Vance"]
    assert "several people" in mentions.named("@Priya, look")[1][0]


def test_who_left_is_nobody(cast):
    gone = make_person("Gone Already")
    gone.is_active, gone.left_on = False, "2026-03-01"
    gone.save()

    assert mentions.named("@Gone Already")[0] == []
    assert mentions.named("@gone.already@example.org")[0] == []


def test_a_comment_calls_ten_people_at_most(cast, django_assert_max_num_queries):
    text = " ".join(f"@{p.email}" for p in cast.people[:11])

    assert len(mentions.named(" ".join(text.split()[:10]))[0]) == 10
    with django_assert_max_num_queries(11):
        assert mentions.named(text) == ([], ["A comment mentions at most 10 people. Take some out."])
    with django_assert_max_num_queries(60):
        mentions.named("@zzz " * 500 + " ".join(f"@n{n}x Ab" for n in range(500)))
