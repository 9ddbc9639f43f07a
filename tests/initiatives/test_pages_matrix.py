"""Who decides: the table, naming and ending people in it, and answering an offer."""

from datetime import timedelta

import pytest
from django.urls import reverse

from governance.initiatives import actions, roles
from governance.ledger import Verb
from governance.ledger.models import LedgerEntry
from governance.people.models import Person
from governance.raci import queries as raci
from governance.raci.models import Assignment, Role, Row
from governance.signatures.models import Signature
from tests.gates.pages import words
from tests.make import make_person


def standing(tale, row, role):
    """Return the names that stand in a cell now."""
    return sorted(
        a.person.name if a.person else a.group.name for a in raci.matrix(tale.fresh).cell(Row(row), Role(role))
    )


def offer(tale, cast, row="go_live", role="A", person=None):
    """Return an open offer."""
    return roles.offer(tale.fresh, Row(row), Role(role), person or cast.owner, by=cast.office, at=tale.at)


# The table


def test_the_table_names_everybody_and_locks_what_the_tier_asks_for(fresh_story, read, says, cast):
    tale = fresh_story("production")

    html, page = read(tale, cast.office, "matrix").content.decode(), says(tale, cast.staff, "matrix")

    assert "Production go-live Accountable" not in page
    assert "Nothing is missing: every decision has people who accepted." in page
    assert (
        html.count("stands here because the tier asks for it") == 5
    )  # Finance twice; Compliance, Legal and Security at go-live
    assert 'id="go_live-A"' in html
    assert '<th scope="row">Halt / roll back</th>' in html
    assert 'data-label="Escalation owner"' in html


def test_gaps_are_listed_in_sentences(fresh_story, says, cast):
    tale = fresh_story("idea")
    offer(tale, cast)

    page = says(tale, cast.staff, "matrix")

    assert "Pilot go / no-go has no Accountable." in page
    assert "Production go-live: Priya Nair was asked to be Accountable and has not accepted." in page
    assert "Change in production has nobody Responsible who could ask: who decides does not ask." in page
    assert "Nobody is workflow owner." in page
    assert "Names are proposed by whoever registered it" in page


def test_who_does_not_propose_names_sees_no_way_to(fresh_story, read, cast):
    tale = fresh_story("production")

    html = read(tale, cast.staff, "matrix").content.decode()

    assert "?cell=" not in html
    assert "?end=" not in html
    assert "?cell=go_live-A#panel" in read(tale, cast.owner, "matrix").content.decode()


def test_too_many_consulted_is_said(fresh_story, says, cast):
    tale = fresh_story("idea")
    for person in (cast.legal, cast.security, cast.compliance, cast.auditor):
        roles.assign(tale.fresh, Row.MODIFICATION, Role.CONSULTED, person, by=cast.office, at=tale.at)

    assert "Change in production: 4 people are Consulted. More than 3 slows decisions." in says(
        tale, cast.office, "matrix"
    )


@pytest.mark.parametrize(
    "query", [{"cell": "nonsense"}, {"cell": "go_live-X"}, {"end": "999999"}, {"end": "x"}, {"cell": ""}]
)
def test_a_cell_that_is_none_opens_nothing(query, fresh_story, read, cast):
    response = read(fresh_story("idea"), cast.office, "matrix", **query)

    assert response.status_code == 200
    assert 'id="panel"' not in response.content.decode()


# Naming


def test_the_picker_suggests_the_leader_of_the_unit_that_uses_the_output(fresh_story, says, send, cast):
    tale = fresh_story("idea")
    page = says(tale, cast.office, "matrix", cell="go_live-A")
    assert "Production go-live: Accountable" in page
    assert "Priya Nair leads Support, which takes most of the output. Ask Priya Nair" in page
    assert "Until they accept, the role counts as vacant." in page

    done = send(tale, cast.office, "matrix", cell="go_live-A", person=cast.owner.pk)

    assert (done.status_code, done["Location"]) == (303, f"{reverse('initiatives:matrix', args=['AI-1'])}#go_live-A")
    assert [a.row for a in raci.matrix(tale.fresh).offers] == ["go_live", "halt"]
    assert standing(tale, "go_live", "A") == []


def test_who_cannot_hold_it_is_refused_with_every_reason_at_the_field(fresh_story, send, cast, entries):
    tale = fresh_story("idea")
    before = entries()

    response = send(tale, cast.office, "matrix", cell="go_live-A", person=cast.cto.pk)

    page = words(response)
    assert response.status_code == 422
    assert (
        "Jia Wu is CTO and cannot be Accountable for Production go-live. Choose Priya Nair, who leads Support." in page
    )
    assert "Jia Wu does not lead Support" in page
    assert "Jia Wu belongs to Engineering, which builds or runs it." in page
    assert (entries(), Assignment.objects.filter(role="A").count()) == (before, 0)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"cell": "go_live-A"}, "Choose one person"),
        ({"cell": "go_live-A", "person": "999999"}, "“999999” is nobody on the list. Choose a person from it."),
        ({"cell": "go_live-A", "person": "Priya"}, "“Priya” is nobody on the list. Choose a person from it."),
        ({"cell": "pilot-C"}, "Choose a person or a group, one of the two."),
        (
            {"cell": "pilot-C", "group": "999999"},
            "Group is “999999”, which is not one of the choices. Choose one from the list.",
        ),
    ],
)
def test_bad_input_gets_a_sentence(data, sentence, fresh_story, send, cast, entries):
    tale = fresh_story("idea")
    before = entries()

    response = send(tale, cast.office, "matrix", **data)

    assert (response.status_code, entries()) == (422, before)
    assert sentence in words(response)


def test_a_person_and_a_group_at_once_is_refused(fresh_story, send, cast):
    from django.contrib.auth.models import Group

    tale = fresh_story("idea")

    response = send(
        tale, cast.office, "matrix", cell="pilot-C", person=cast.legal.pk, group=Group.objects.get(name="legal").pk
    )

    assert response.status_code == 422
    assert standing(tale, "pilot", "C") == []


def test_people_and_groups_stand_at_once_in_the_other_columns(fresh_story, send, cast):
    from django.contrib.auth.models import Group

    tale = fresh_story("idea")

    send(tale, cast.office, "matrix", cell="pilot-C", person=cast.legal.pk)
    send(tale, cast.office, "matrix", cell="pilot-I", group=Group.objects.get(name="auditors").pk)
    send(tale, cast.office, "matrix", cell="workflow", person=cast.workflow.pk)

    assert (standing(tale, "pilot", "C"), standing(tale, "pilot", "I"), tale.fresh.workflow_owner) == (
        ["Jon Marsh"],
        ["auditors"],
        cast.workflow,
    )
    send(tale, cast.office, "matrix", cell="workflow", person="")
    assert tale.fresh.workflow_owner is None


def test_nobody_offers_a_role_to_themselves(fresh_story, send, cast):
    tale = fresh_story("idea")

    response = send(tale, cast.office, "matrix", cell="pilot-E", person=cast.office.pk)

    assert response.status_code == 403
    assert "Nobody offers a role to themselves." in words(response)


def test_who_may_not_name_is_refused_and_told_who_may(fresh_story, send, cast, entries):
    tale = fresh_story("production")
    before = entries()

    response = send(tale, cast.staff, "matrix", cell="pilot-C", person="")

    assert (response.status_code, entries()) == (403, before)
    assert (
        "Names are proposed by whoever registered it, later by the business owner and the Portfolio office."
        in words(response)
    )


def test_a_grade_can_be_waived_by_the_portfolio_office_at_low_tiers_only(fresh_story, read, send, cast):
    low = fresh_story("idea", tier_proposed=1)
    cast.owner.grade = "manager"
    cast.owner.save()
    assert "grade_waived_because" not in read(low, cast.office, "matrix", cell="go_live-A").content.decode()
    actions.confirm_tier(low.fresh, 1, by=cast.office, at=low.at)
    assert "grade_waived_because" in read(low, cast.office, "matrix", cell="go_live-A").content.decode()
    assert "grade_waived_because" not in read(low, cast.lead, "matrix", cell="go_live-A").content.decode()

    refused = send(low, cast.office, "matrix", cell="go_live-A", person=cast.owner.pk)
    done = send(
        low,
        cast.office,
        "matrix",
        cell="go_live-A",
        person=cast.owner.pk,
        grade_waived_because="She leads the whole desk.",
    )

    assert "Business owner must be VP or above. Priya Nair is Manager." in words(refused)
    assert done.status_code == 303


# In a larger company the name is typed


@pytest.fixture
def many(cast):
    """A company of more than 200 people."""
    Person.objects.bulk_create(
        [Person(email=f"p{n}@example.org", name=f"Pat Number{n}", joined_at=cast.owner.joined_at) for n in range(190)]
    )
    return cast


def test_in_a_larger_company_a_name_or_an_address_is_typed(many, fresh_story, read, send):
    tale = fresh_story("idea")
    html = read(tale, many.office, "matrix", cell="pilot-C").content.decode()
    assert '<input type="text" name="person"' in html
    assert '<option value="priya.nair@example.org">Priya Nair, VP Support</option>' in html
    assert "<select" not in html.partition('id="id_person"')[0].rpartition("<form")[2]

    for typed in ("Jon Marsh", "jon.marsh@example.org", "marsh"):
        Assignment.objects.filter(role="C").delete()
        assert send(tale, many.office, "matrix", cell="pilot-C", person=typed).status_code == 303
        assert standing(tale, "pilot", "C") == ["Jon Marsh"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("Nobody Here", "“Nobody Here” is nobody who works here. Enter a name or an e-mail address."),
        ("no@where.example", "“no@where.example” is nobody who works here."),
        ("Pat", "“Pat” could be several people: Pat Number0 (p0@example.org)"),
    ],
)
def test_a_typed_name_that_is_not_clear_gets_a_sentence(typed, sentence, many, fresh_story, send):
    tale = fresh_story("idea")

    response = send(tale, many.office, "matrix", cell="pilot-C", person=typed)

    assert response.status_code == 422
    assert sentence in words(response)
    assert f'value="{typed}"' in response.content.decode()


def test_two_people_of_one_name_are_told_apart(many, fresh_story, send):
    make_person("Jon Marsh", email="other.marsh@example.org")
    tale = fresh_story("idea")

    response = send(tale, many.office, "matrix", cell="pilot-C", person="Jon Marsh")

    assert "Jon Marsh (jon.marsh@example.org), Jon Marsh (other.marsh@example.org). Enter the e-mail address." in words(
        response
    )


# Ending


def test_taking_somebody_out_asks_once_more_and_needs_a_reason(fresh_story, says, send, cast):
    tale = fresh_story("production")
    mine = raci.matrix(tale.fresh).accepted(Row.GO_LIVE, Role.ACCOUNTABLE)
    page = says(tale, cast.office, "matrix", end=str(mine.pk))
    assert "Take Priya Nair out as business owner?" in page
    assert (
        "nobody decides it, and the gate it belongs to waits. Meanwhile the Portfolio office and Compliance can stop it too."
        in page
    )

    empty = send(tale, cast.office, "matrix", end=mine.pk, because=" ")
    assert empty.status_code == 422
    assert "Say why. It is read by whoever is concerned." in words(empty)
    assert standing(tale, "go_live", "A") == ["Priya Nair"]
    send(tale, cast.office, "matrix", end=mine.pk, because="She moves to another company.")

    assert (standing(tale, "go_live", "A"), standing(tale, "halt", "A")) == ([], [])
    assert tale.fresh.unowned_since is not None


def test_one_steps_down_oneself_and_nobody_else_can_end_it(fresh_story, says, send, read, cast):
    tale = fresh_story("production")
    theirs = raci.matrix(tale.fresh).accepted(Row.HALT, Role.ESCALATION)
    assert "Step down as Escalation owner for Halt / roll back?" in says(
        tale, cast.escalation, "matrix", end=str(theirs.pk)
    )
    assert 'id="panel"' not in read(tale, cast.lead, "matrix", end=str(theirs.pk)).content.decode()

    refused = send(tale, cast.lead, "matrix", end=theirs.pk, because="Out.")
    done = send(tale, cast.escalation, "matrix", end=theirs.pk, because="Another post.")

    assert (refused.status_code, done.status_code) == (403, 303)
    assert standing(tale, "halt", "E") == []


def test_a_function_the_tier_asks_for_cannot_be_taken_out(fresh_story, read, send, cast):
    tale = fresh_story("production", tier_proposed=3)
    security = next(
        a for a in raci.matrix(tale.fresh).cell(Row.GO_LIVE, Role.CONSULTED) if a.group and a.group.name == "security"
    )
    assert f"?end={security.pk}" not in read(tale, cast.office, "matrix").content.decode()

    response = send(tale, cast.office, "matrix", end=security.pk, because="Too slow.")

    assert response.status_code == 409
    assert "Security is Consulted because tier 3 asks for it." in words(response)
    assert "security" in standing(tale, "go_live", "C")


def test_an_offer_can_be_taken_back(fresh_story, says, send, cast):
    tale = fresh_story("idea")
    made = offer(tale, cast)
    assert "Take back the offer to Priya Nair to be business owner?" in says(
        tale, cast.office, "matrix", end=str(made.pk)
    )

    send(tale, cast.office, "matrix", end=made.pk, because="It is for another unit.")

    assert raci.matrix(tale.fresh).offers == []


# Answering an offer


def test_an_offer_is_accepted_by_signing_its_statement(fresh_story, says, press, cast):
    tale = fresh_story("idea")
    tale.set_outcome()
    made = offer(tale, cast)
    page = says(tale, cast.owner, "answer_offer", made.pk)
    statement = "I accept accountability for Cost per refund of AI-1 Support refunds. I make sure that it is paid for. I hold stop authority over it, and I use it."
    assert "Will you be business owner?" in page
    assert statement in page
    assert "Olga Petrov named Priya Nair. Answer by" in page

    done = press(tale, cast.owner, "answer_offer", made.pk, answer="accept")

    assert (done.status_code, done["Location"]) == (303, "/initiatives/AI-1/")
    assert (standing(tale, "go_live", "A"), standing(tale, "halt", "A")) == (["Priya Nair"], ["Priya Nair"])
    assert Signature.objects.get().statement == statement
    assert "Accepted for this version" in says(tale, cast.staff, "answer_offer", made.pk)


def test_without_a_fresh_proof_it_leads_to_proving_and_nothing_is_accepted(fresh_story, send, cast, entries):
    tale = fresh_story("idea")
    made = offer(tale, cast)
    before = entries()

    response = send(tale, cast.owner, "answer_offer", made.pk, proved=False, answer="accept")

    assert (response.status_code, response["Location"].partition("?")[0]) == (303, reverse("people:prove"))
    assert (entries(), standing(tale, "go_live", "A")) == (before, [])


def test_a_second_click_signs_nothing_more(fresh_story, press, send, cast, entries):
    tale = fresh_story("idea")
    made = offer(tale, cast)
    press(tale, cast.owner, "answer_offer", made.pk, answer="accept")
    before = entries()

    again = send(tale, cast.owner, "answer_offer", made.pk, answer="accept")

    assert (again.status_code, entries(), Signature.objects.count()) == (303, before, 1)


def test_an_offer_is_declined_with_a_reason(fresh_story, send, cast):
    tale = fresh_story("idea")
    made = offer(tale, cast)

    empty = send(tale, cast.owner, "answer_offer", made.pk, answer="decline", because="")
    done = send(tale, cast.owner, "answer_offer", made.pk, answer="decline", because="My unit does not use it.")

    assert (empty.status_code, done.status_code) == (422, 303)
    assert raci.matrix(tale.fresh).offers == []
    assert LedgerEntry.objects.filter(verb=Verb.ROLE_DECLINED).count() == 2


def test_only_the_person_named_answers(fresh_story, says, send, cast, entries):
    tale = fresh_story("idea")
    made = offer(tale, cast)
    assert "Only Priya Nair can answer this." in says(tale, cast.staff, "answer_offer", made.pk)
    before = entries()

    for answer in ({"answer": "accept"}, {"answer": "decline", "because": "No."}):
        response = send(tale, cast.staff, "answer_offer", made.pk, **answer)
        assert response.status_code == 403
        assert "Only Priya Nair can answer this." in words(response)

    assert entries() == before


def test_an_offer_whose_time_is_up_cannot_be_accepted(fresh_story, says, send, cast):
    tale = fresh_story("idea", takes=20)
    made = offer(tale, cast)

    page = says(tale, cast.owner, "answer_offer", made.pk)
    response = send(tale, cast.owner, "answer_offer", made.pk, answer="accept")

    assert "The time to answer is up, so the role is vacant." in page
    assert "Sign and accept" not in page
    assert response.status_code == 409
    assert "This offer is over." in words(response)


def test_who_can_no_longer_hold_it_reads_why(fresh_story, press, cast):
    tale = fresh_story("idea")
    made = offer(tale, cast)
    cast.owner.grade = "manager"
    cast.owner.save()

    response = press(tale, cast.owner, "answer_offer", made.pk, answer="accept")

    assert response.status_code == 409
    assert "Business owner must be VP or above. Priya Nair is Manager." in words(response)
    assert standing(tale, "go_live", "A") == []


def test_after_a_material_change_the_owner_accepts_again(fresh_story, says, press, cast):
    tale = fresh_story("pilot")
    actions.amend(
        tale.fresh, {"tools": "billing.refund\nmail.send"}, by=cast.lead, at=tale.at, seen_version=tale.fresh.version
    )
    mine = raci.matrix(tale.fresh).accepted(Row.GO_LIVE, Role.ACCOUNTABLE)
    assert "accepted an earlier version" in says(tale, cast.staff, "matrix")
    page = says(tale, cast.owner, "answer_offer", mine.pk)
    assert "Accept again as business owner?" in page
    assert "Sign and accept again" in page
    before = Signature.objects.count()

    press(tale, cast.owner, "answer_offer", mine.pk, answer="accept")

    assert Signature.objects.count() == before + 1
    assert "accepted an earlier version" not in says(tale, cast.staff, "matrix")


def test_an_offer_of_another_initiative_is_not_there(fresh_story, read, cast):
    tale, other = fresh_story("idea"), fresh_story("idea", name="Another")
    made = offer(tale, cast)

    assert read(other, cast.owner, "answer_offer", made.pk).status_code == 404


@pytest.mark.parametrize("name", ["matrix"])
def test_the_matrix_asks_little(name, fresh_story, client, sign_in, cast, django_assert_max_num_queries):
    tale = fresh_story("production", tier_proposed=4)
    sign_in(client, cast.owner)

    with django_assert_max_num_queries(20):
        client.get(reverse(f"initiatives:{name}", args=["AI-1"]))
    with django_assert_max_num_queries(20):
        client.get(reverse(f"initiatives:{name}", args=["AI-1"]), {"cell": "go_live-A"})
    assert tale.at + timedelta(days=1) > tale.at
