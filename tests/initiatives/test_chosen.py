"""The same done to many: row by row, each for itself, said exactly; and never a decision."""

import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from governance.comments.models import Watch
from governance.core import clock
from governance.initiatives import actions, bulk, roles, tags, views_chosen
from governance.initiatives.models import Initiative, KeyCounter
from governance.ledger.models import LedgerEntry
from governance.ledger.verbs import Verb
from governance.raci.models import Assignment, Role, Row
from tests.make import AT, at_stage, make_initiative
from tests.web import Page


@pytest.fixture(autouse=True)
def at(monkeypatch):
    """Hold the clock still at the moment stories begin, and never wait between batches."""
    monkeypatch.setattr(clock, "wall", lambda: AT)
    monkeypatch.setattr(bulk, "PAUSE", 0)
    return AT


def crowd(n: int, stage: str = "idea", **values) -> list[Initiative]:
    """Return so many initiatives that nobody is named on."""
    first = KeyCounter.take()
    for _more in range(n - 1):
        KeyCounter.take()
    made = [
        at_stage(stage, name=f"N {k}", number=first + k, registered_at=AT, stage_since=AT, **values) for k in range(n)
    ]
    return Initiative.objects.bulk_create(made)


def page(client, url: str) -> Page:
    """Return a page that must be there."""
    response = client.get(url)
    assert response.status_code == 200, response.status_code
    return Page(response.content.decode(), url)


def choosing(do: str, *initiatives, **more) -> str:
    """Return the address that ticking these rows and going on leads to."""
    rows = "".join(f"&row={i.number}" for i in initiatives)
    return f"/catalog/chosen/?do={do}{rows}" + "".join(f"&{name}={value}" for name, value in more.items())


def send(client, url: str, **data):
    """Fill in the page of chosen rows and press its button; return the answer."""
    return client.post(url, page(client, url).form(having="rows").data(**{k: str(v) for k, v in data.items()}))


def told(response) -> list[str]:
    """Return what an answer says happened."""
    return [str(message) for message in get_messages(response.wsgi_request)]


def said(verb: Verb) -> int:
    """Return how many entries of a verb there are."""
    return LedgerEntry.objects.filter(verb=verb).count()


def fresh(initiative) -> Initiative:
    """Return it as the database has it."""
    return Initiative.objects.get(pk=initiative.pk)


# --- Row by row -------------------------------------------------------------------------------


def test_a_unit_goes_to_those_it_may_go_to_and_the_others_are_named_with_the_reason(client, cast, sign_in):
    three = crowd(3)
    owned = make_initiative(cast, "pilot").initiative  # its words are the matrix's now, not the office's
    sign_in(client, cast.office)
    url = choosing("unit", *three, owned)
    shown = page(client, url)

    answer = send(client, url, unit=cast.sales.pk)

    assert "4 initiatives are chosen." in shown.words
    assert "N 2" in shown.words
    assert (answer.status_code, answer["Location"]) == (303, "/catalog/")
    done, left = told(answer)
    assert done == "3 belong to Sales now."
    assert left.startswith(f"1 was left as it is: {owned.key}. Only ")
    assert left.endswith("can amend what it says.")
    assert {fresh(one).unit for one in three} == {cast.sales}
    assert fresh(owned).unit == cast.support
    assert said(Verb.INITIATIVE_AMENDED) == 3
    assert "changed unit" in page(client, f"/initiatives/{three[0].key}/history/").words


def test_pressing_twice_changes_nothing_twice(client, cast, sign_in):
    two = crowd(2)
    sign_in(client, cast.office)
    url = choosing("unit", *two)
    sent = page(client, url).form(having="rows").data(unit=str(cast.sales.pk))

    answers = [client.post(url, sent) for _ in range(2)]

    assert [told(answer)[-1:] for answer in answers] == [["2 belong to Sales now."], ["2 were so already."]]
    assert said(Verb.INITIATIVE_AMENDED) == 2


def test_what_somebody_saved_in_between_is_left_as_they_saved_it(client, cast, sign_in):
    here, there = crowd(2)
    sign_in(client, cast.office)
    url = choosing("unit", here, there)
    sent = page(client, url).form(having="rows").data(unit=str(cast.sales.pk))
    actions.amend(there, {"unit": cast.support}, by=cast.office_two, at=AT, seen_version=there.version)

    answer = client.post(url, sent)

    assert told(answer) == [
        "1 belongs to Sales now.",
        f"1 was left as it is: {there.key}. Somebody saved this since you opened it. Compare, then save again.",
    ]
    assert (fresh(here).unit, fresh(there).unit) == (cast.sales, cast.support)


def test_where_nothing_can_be_done_it_is_said_in_place_and_what_was_typed_stays(client, cast, sign_in):
    two = crowd(2)
    sign_in(client, cast.staff)
    url = choosing("unit", *two)

    answer = send(client, url, unit=cast.sales.pk)

    text = Page(answer.content.decode(), url)
    assert answer.status_code == 403
    assert "Nothing was changed" in text.words
    assert f"2 were left as they are: {two[0].key}, {two[1].key}. You cannot amend what it says." in text.words
    assert text.form(having="rows").data()["unit"] == str(cast.sales.pk)
    assert said(Verb.INITIATIVE_AMENDED) == 0


@pytest.mark.parametrize("who", ["staff", "coo", "admin"])
def test_what_somebody_may_not_see_is_as_if_it_did_not_exist(client, cast, sign_in, who):
    hidden, open_to_all = make_initiative(cast, "idea", name="Secret").initiative, crowd(1)[0]
    actions.set_restricted(hidden, True, by=cast.lead, at=AT)
    sign_in(client, getattr(cast, who))
    numbers = (hidden.number, 987654)
    read = [page(client, f"/catalog/chosen/?do=watch&row={n}&row={open_to_all.number}") for n in numbers]
    answers = []
    for number in numbers:
        answers.append(told(client.post("/catalog/chosen/?do=watch", {"rows": f"{number}.1 {open_to_all.number}.1"})))
        Watch.objects.all().delete()

    unseen, absent = (one.words.replace(f"row={n}&", "") for one, n in zip(read, numbers, strict=True))
    assert unseen == absent
    assert "Secret" not in unseen
    assert {one.form(having="rows").data()["rows"] for one in read} == {f"{open_to_all.number}.1"}
    assert answers[0][-1:] == answers[1][-1:] == ["You watch 1 more."]
    assert not LedgerEntry.objects.filter(verb=Verb.WATCH_BEGUN, detail__contains=f'"watched":{hidden.pk}}}').exists()
    alone = client.post("/catalog/chosen/?do=watch", {"rows": f"{hidden.number}.1"})
    assert (alone.status_code, "Nothing is chosen." in alone.content.decode()) == (422, True)


def test_one_that_is_restricted_between_page_and_press_is_no_longer_there(client, cast, sign_in):
    here, gone = crowd(2)
    sign_in(client, cast.staff)
    url = choosing("watch", here, gone)
    sent = page(client, url).form(having="rows").data()
    actions.set_restricted(gone, True, by=cast.office, at=AT)

    assert told(client.post(url, sent)) == ["You watch 1 more."]
    chosen = {here.number: 1, gone.number: 1}
    outcome = bulk.each(chosen, bulk.mute(by=cast.staff, at=AT), by=cast.staff, at=AT, pause=0)
    assert (outcome.done, outcome.left) == ([here.key], {})


# --- Offers -----------------------------------------------------------------------------------


def test_an_offer_of_many_is_an_offer_of_each_and_takes_nobodys_place(client, cast, sign_in):
    free = crowd(2, "discovered", unit=cast.support)
    owned, elsewhere = make_initiative(cast, "pilot").initiative, crowd(1, "discovered", unit=cast.sales)[0]
    asked = make_initiative(cast, "idea", name="Asked", receiving_unit=cast.company).initiative
    roles.offer(asked, Row.GO_LIVE, Role.ACCOUNTABLE, cast.coo, by=cast.office, at=AT)
    mine = make_initiative(cast, "idea", name="Mine").initiative
    roles.offer(mine, Row.GO_LIVE, Role.ACCOUNTABLE, cast.owner, by=cast.office, at=AT)
    before = Assignment.objects.count()
    sign_in(client, cast.office)
    url = choosing("offer", *free, owned, elsewhere, asked, mine)
    sent = page(client, url).form(having="rows").data(person=str(cast.owner.pk))

    first, second = client.post(url, sent), client.post(url, sent)

    texts = told(first)
    assert texts[0].startswith("Priya Nair is asked to own 2, and has 5 working days to accept each.")
    assert texts[1] == "2 were so already."
    assert f"1 was left as it is: {elsewhere.key}. Priya Nair does not lead Sales" in texts[2] + texts[3]
    assert f"1 was left as it is: {asked.key}. Carl Ode is asked already. Wait for the answer." in texts[2] + texts[3]
    assert "4 were so already." in told(second)
    made = Assignment.objects.filter(initiative__in=free, role=Role.ACCOUNTABLE)
    assert {(a.row, a.person, a.accepted_at) for a in made} == {(r, cast.owner, None) for r in ("go_live", "halt")}
    assert Assignment.objects.count() == before + 4
    assert not Initiative.objects.get(pk=free[0].pk).decisions.exists()


def test_an_owner_is_never_replaced_in_bulk(cast):
    owned = make_initiative(cast, "pilot").initiative
    outcome = bulk.each(
        {owned.number: 1}, bulk.offer_to(cast.coo, by=cast.office, at=AT), by=cast.office, at=AT, pause=0
    )

    assert outcome.left == {"Priya Nair owns it. Replace an owner on its own page.": [owned.key]}


def test_nothing_that_decides_can_be_done_to_many():
    assert set(bulk.WORDS) == {"unit", "offer", "tag", "untag", "watch", "mute"}


# --- Many -------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [50, pytest.param(500, marks=pytest.mark.ci)])
def test_so_many_are_done_in_batches_and_more_than_that_are_not_promised(client, cast, sign_in, monkeypatch, most):
    assert views_chosen.DEEDS["tag"].most == 500
    monkeypatch.setitem(views_chosen.DEEDS, "tag", replace(views_chosen.DEEDS["tag"], most=most))
    crowd(most + 10)
    sign_in(client, cast.office)
    url = "/catalog/chosen/?do=tag&all=1&sort=-key&stage=idea"
    shown = page(client, url)
    says = f"The list shows {most + 10}. At most {most} are done at a time; these are the first of them."
    assert says in shown.words
    assert f"{most} initiatives are chosen." in shown.words

    with CaptureQueriesContext(connection) as asked:
        answer = send(client, url, tag="Spring-Clean")

    assert told(answer) == [f"{most} carry the tag “spring-clean” now."]
    assert answer["Location"] == "/catalog/?stage=idea&sort=-key"
    assert Initiative.objects.filter(tags.carries("spring-clean")).count() == most
    assert said(Verb.INITIATIVE_AMENDED) == most
    assert len(asked) / most < 16


def test_a_batch_that_breaks_leaves_nothing_half_written(cast, monkeypatch):
    made = crowd(bulk.BATCH + 3)
    fails = made[bulk.BATCH + 1]

    def act(initiative, version):
        done = bulk.tag("x", by=cast.office, at=AT)(initiative, version)
        if initiative.pk == fails.pk:
            raise RuntimeError("The power is gone.")
        return done

    with pytest.raises(RuntimeError):
        bulk.each({one.number: 1 for one in made}, act, by=cast.office, at=AT, pause=0)

    tagged = Initiative.objects.filter(tags.carries("x")).count()
    assert (tagged, said(Verb.INITIATIVE_AMENDED)) == (bulk.BATCH, bulk.BATCH)


def test_what_is_sent_is_read_and_nothing_else(client, cast, sign_in):
    one = crowd(1)[0]
    sign_in(client, cast.office)
    for rows in ("", "x", f"{one.number}", f"{one.number}.x", "0.0", f"-{one.number}.1", "9" * 400):
        assert client.post("/catalog/chosen/?do=tag", {"rows": rows, "tag": "a"}).status_code == 422, rows
    assert client.post("/catalog/chosen/?do=stage", {"rows": f"{one.number}.1"}).status_code == 404
    assert client.get("/catalog/chosen/?do=nonsense&row=x&row=1e9&of=nowhere").status_code == 200


# --- Watching, and taking along ---------------------------------------------------------------


def test_watching_many_is_ones_own_and_muting_them_too(client, cast, sign_in):
    two = crowd(2)
    sign_in(client, cast.staff)

    answers = [send(client, choosing(do, *two)) for do in ("watch", "watch", "mute")]

    assert [told(answer)[-1] for answer in answers] == [
        "You watch 2 more.",
        "2 were so already.",
        "2 are muted: you hear of no comments on them.",
    ]
    assert {watch.person for watch in Watch.objects.all()} == {cast.staff}


def test_chosen_rows_are_taken_along_with_the_columns_of_the_screen(client, cast, sign_in):
    first, second, _third = crowd(3)
    sign_in(client, cast.staff)
    led = {
        kind: client.get(choosing(kind, first, second, columns="name,stage"))["Location"]
        for kind in ("csv", "json", "xlsx")
    }
    everything = client.get("/catalog/chosen/?do=csv&all=1&stage=idea&columns=name")["Location"]

    assert led["csv"] == f"/catalog/chosen.csv?row={first.number}&row={second.number}&columns=name,stage"
    assert everything == "/catalog.csv?stage=idea&columns=name"
    csv = b"".join(client.get(led["csv"])).decode("utf-8-sig").splitlines()
    assert csv == ["Key,Name,Stage", f"{first.key},N 0,Idea", f"{second.key},N 1,Idea"]
    rows = json.loads(b"".join(client.get(led["json"])))["rows"]
    assert rows == [{"name": "N 0", "stage": "Idea"}, {"name": "N 1", "stage": "Idea"}]
    sheet = load_workbook(io.BytesIO(b"".join(client.get(led["xlsx"])))).worksheets[0]
    assert [cell.value for cell in sheet["B"]] == ["Name", "N 0", "N 1"]


def test_the_lists_offer_it_with_a_box_for_each_row_and_no_script(client, cast, sign_in):
    one = crowd(1, "discovered")[0]
    sign_in(client, cast.office)
    for url, of in (("/catalog/?stage=discovered", "catalog"), ("/triage/?why=found", "triage")):
        form = page(client, url).form(action="/catalog/chosen/")
        sent = form.data(row=str(one.number), do="unit")
        assert sent["of"] == of
        shown = page(client, "/catalog/chosen/?" + "&".join(f"{k}={v}" for k, v in sent.items()))
        assert "1 initiative is chosen." in shown.words
        assert url in [href for href, _words in shown.links]


# --- Tags -------------------------------------------------------------------------------------


def test_a_tag_is_put_on_found_exported_and_taken_off_and_all_of_it_is_on_record(client, cast, sign_in):
    one, other = crowd(2)
    sign_in(client, cast.office)
    url = f"/initiatives/{one.key}/amend/"
    form = page(client, url).form(having="tags")

    assert client.post(url, form.data(tags="Voice, spring-clean  voice")).status_code == 303

    assert fresh(one).tags == " spring-clean voice "
    assert page(client, url).form(having="tags").data()["tags"] == "spring-clean voice"
    assert "/catalog/?tag=voice" in [href for href, _words in page(client, f"/initiatives/{one.key}/").links]
    actions.amend(other, {"tags": " voicemail "}, by=cast.office, at=AT, seen_version=other.version)
    found = client.get("/catalog/?tag=voice").context["shown"]
    assert [row.pk for row in found.rows] == [one.pk]
    assert [row.pk for row in client.get("/catalog/?q=spring").context["shown"].rows] == [one.pk]
    assert client.get("/catalog/?tag=voi").context["shown"].total == 2, "what is no tag asks nothing"
    assert "spring-clean voice" in b"".join(client.get("/catalog.csv?columns=name,tags")).decode()
    assert "Tags: – →" in page(client, f"/initiatives/{one.key}/history/").words

    assert told(send(client, choosing("untag", one, other), tag="voice"))[-2:] == [
        "1 no longer carries the tag “voice”.",
        "1 was so already.",
    ]
    assert fresh(one).tags == " spring-clean "


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("a/b", "“a/b” is no tag."),
        ("-x", "“-x” is no tag."),
        ("x" * 31, "has 31 characters and may have 30."),
        (" ".join("abcdefghijklm"), "It would carry 13 tags and may carry 12."),
    ],
)
def test_what_is_no_tag_is_refused_in_a_sentence(client, cast, sign_in, typed, sentence):
    one = crowd(1)[0]
    sign_in(client, cast.office)
    url = f"/initiatives/{one.key}/amend/"

    answer = client.post(url, page(client, url).form(having="tags").data(tags=typed))

    assert answer.status_code == 422
    assert sentence in Page(answer.content.decode(), url).words


def test_one_tag_at_a_time_and_never_more_than_an_initiative_carries(client, cast, sign_in):
    full = crowd(1, tags=tags.keep("abcdefghijkl"))[0]
    sign_in(client, cast.office)

    two = send(client, choosing("tag", full), tag="one two")
    more = send(client, choosing("tag", full), tag="m")

    assert (two.status_code, more.status_code) == (422, 409)
    assert "One tag at a time" in two.content.decode()
    assert "It would carry 13 tags and may carry 12." in more.content.decode()


def test_a_tag_that_only_restricted_ones_carry_is_known_to_those_who_see_them_alone(client, cast, sign_in):
    story = make_initiative(cast, "idea")
    actions.amend(story.fresh, {"tags": " merger "}, by=cast.lead, at=AT, seen_version=story.fresh.version)
    actions.set_restricted(story.fresh, True, by=cast.lead, at=AT + timedelta(minutes=1))

    assert "merger" in sign_in(client, cast.lead).get("/catalog/").content.decode()
    shown = sign_in(client, cast.staff).get("/catalog/?tag=merger").context["shown"]
    assert "tag" not in {facet["name"] for facet in shown.facets}
    assert shown.chosen.values == {}
