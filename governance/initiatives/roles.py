"""Who is what on an initiative: offering, accepting, declining, assigning, stepping down.

The business owner is the Accountable of go-live and of halt: the two rows share one picker, so they are
offered, accepted and given up together.
"""

from datetime import datetime

from django.contrib.auth.models import Group
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance import ledger, policy
from governance.core import canonical
from governance.core.errors import Conflict, Refused
from governance.core.moments import day
from governance.core.rules import Blocked, Blocker
from governance.initiatives import material
from governance.initiatives.actions import require
from governance.initiatives.models import Initiative
from governance.ledger import Verb
from governance.notices import actions as notices
from governance.people import calendars, functions
from governance.people.functions import Function
from governance.people.proof import Proof
from governance.raci import eligible, grants, queries
from governance.raci.grants import May
from governance.raci.models import OFFERED, Assignment, Role, Row
from governance.signatures import actions as signatures
from governance.signatures.models import Meaning

#: Rows that share one picker for the Accountable.
SHARED = (Row.GO_LIVE, Row.HALT)

#: What somebody signs when they accept. The business owner's has three parts.
STATEMENTS = {
    Role.ACCOUNTABLE: gettext_lazy(
        "I am Accountable for %(row)s of %(key)s %(name)s. I decide it myself, in time, and nobody decides it for me."
    ),
    Role.ESCALATION: gettext_lazy(
        "I am Escalation owner for %(row)s of %(key)s %(name)s. I answer when it is unsure and when nobody decides."
    ),
}
OWNER_STATEMENT = gettext_lazy(
    "I accept accountability for %(metric)s of %(key)s %(name)s. I make sure that it is paid for. I hold stop authority over it, and I use it."
)


def together(row: Row, role: Role) -> tuple[Row, ...]:
    """Return the rows that are offered as one: go-live and halt for the Accountable, else the row alone."""
    return SHARED if role == Role.ACCOUNTABLE and row in SHARED else (row,)


def is_owner(assignment: Assignment) -> bool:
    """Return whether this makes somebody the business owner, whose acceptance counts for one version only."""
    return assignment.role == Role.ACCOUNTABLE and assignment.row in SHARED


def statement(initiative, row: Row, role: Role) -> str:
    """Return the words somebody signs when they accept. One query for the outcome."""
    from governance.outcomes import queries as outcomes

    outcome = outcomes.outcome(initiative)
    words = {
        "row": Row(row).label,
        "key": initiative.key,
        "name": initiative.name,
        "metric": outcome.metric if outcome else _("the business result"),
    }
    return (OWNER_STATEMENT if role == Role.ACCOUNTABLE and row in SHARED else STATEMENTS[Role(role)]) % words


def shown(initiative, row: Row, role: Role) -> str:
    """Return the digest that an offer's page carries: what it showed. Queries as statement."""
    return canonical.digest({"statement": statement(initiative, row, role), "material": material.facts(initiative)})


def offer(
    initiative: Initiative, row: Row, role: Role, person, *, by, at: datetime, grade_waived_because: str = ""
) -> Assignment:
    """Offer A or E of a row (go-live's A: with halt) to one person, who has 5 working days to accept.

    A predecessor stays until then. Raises Refused for who may not propose or names themselves, Blocked
    with every reason why this person cannot hold it, Conflict when the asker of an open decision would
    become its decider.
    """
    row, role = Row(row), Role(role)
    if role not in OFFERED:
        raise ValueError("Only Accountable and Escalation owner are offered; assign the others.")
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        require(
            by,
            initiative,
            May.PROPOSE,
            at,
            _("Names are proposed by whoever registered it, later by the business owner and the Portfolio office."),
        )
        if person.pk == by.pk:
            raise Refused(
                _("Nobody offers a role to themselves. Ask the Portfolio office to name you."),
                str(Function.PORTFOLIO.label),
            )
        if grade_waived_because and Function.PORTFOLIO not in functions.of(by):
            raise Refused(_("Only the Portfolio office waives a grade."), str(Function.PORTFOLIO.label))
        there = [queries.matrix(initiative).offer(each, role) for each in together(row, role)]
        if all(one is not None and one.person_id == person.pk and at < one.answer_by for one in there):
            return there[0]  # The same offer again: they were asked already.
        _refuse_ineligible(initiative, row, role, person, waived=bool(grade_waived_because))
        due = calendars.of_person(person).working_days_after(at, policy.current().windows["offer_wd"])
        made = []
        for each in together(row, role):
            for earlier in Assignment.objects.filter(
                initiative=initiative, row=each, role=role, accepted_at=None, ended_at=None
            ):
                _end(earlier, at=at, because=_("Somebody else was named."), say=say)
            made.append(
                Assignment.objects.create(
                    initiative=initiative,
                    row=each,
                    role=role,
                    person=person,
                    assigned_by=by,
                    assigned_at=at,
                    answer_by=due,
                    grade_waived_because=grade_waived_because[:300],
                )
            )
            say(
                Verb.ROLE_OFFERED,
                made[-1],
                row=str(each),
                role=str(role),
                person=person.pk,
                answer_by=due,
                text={"grade_waived_because": grade_waived_because} if grade_waived_because else None,
            )
        if is_owner(made[0]) and initiative.nobody_known_at is not None:
            initiative.nobody_known_at = None
            initiative.save(update_fields=["nobody_known_at"])
        grants.rebuild(initiative)
        notices.owe(
            person,
            thing=made[0],
            occasion="offered",
            initiative=initiative,
            at=at,
            binding=True,
            due=due,
            action=_("Answer"),
            subject=lambda: (
                _("Will you be %(role)s of %(key)s %(name)s? Answer by %(day)s")
                % {"role": _title(row, role), "key": initiative.key, "name": initiative.name, "day": day(due)}
            ),
            body=_(
                "%(who)s named you for %(row)s. If you do not answer, the role stays vacant and the Portfolio office is told."
            )
            % {"who": by.name, "row": row.label},
            path=_answer_path(made[0]),
            why=_("You were named."),
        )
    return made[0]


def _title(row: Row, role: Role) -> str:
    """Return what people call it: business owner, or the role on its row."""
    if role == Role.ACCOUNTABLE and row in SHARED:
        return _("business owner")
    return _("%(role)s for %(row)s") % {"role": role.label, "row": row.label}


def _answer_path(assignment) -> str:
    from django.urls import reverse

    return reverse("initiatives:answer_offer", args=[assignment.initiative.key, assignment.pk])


def _refuse_ineligible(initiative, row: Row, role: Role, person, *, waived: bool) -> None:
    """Raise Blocked with every reason `person` cannot hold the role, on every row offered with it."""
    matrix = queries.matrix(initiative)
    reasons: dict[str, Blocker] = {}
    for each in together(row, role):
        for blocker in eligible.blockers(person, each, role, initiative, grade_waived=waived):
            reasons.setdefault(blocker.code, blocker)
        other = Role.ESCALATION if role == Role.ACCOUNTABLE else Role.ACCOUNTABLE
        holder, offered = matrix.accepted(each, other), matrix.offer(each, other)
        if person.pk in {a.person_id for a in (holder, offered) if a}:
            reasons.setdefault(
                "same_person",
                Blocker(
                    "same_person",
                    _("%(name)s is %(other)s for %(row)s. Accountable and Escalation owner are two people.")
                    % {"name": person.name, "other": other.label, "row": each.label},
                ),
            )
        if role == Role.ACCOUNTABLE:
            if (asker := _asker(initiative, each, person)) is not None:
                reasons.setdefault("asker", asker)
            responsible = [p.pk for p in matrix.responsible(each)]
            if responsible == [person.pk] and each != Row.HALT:
                reasons.setdefault(
                    "only_responsible",
                    Blocker(
                        "only_responsible",
                        _(
                            "%(name)s is the only Responsible for %(row)s. Name another Responsible first: who asks does not decide."
                        )
                        % {"name": person.name, "row": each.label},
                    ),
                )
    if reasons:
        raise Blocked(reasons.values())


def _asker(initiative, row: Row, person) -> Blocker | None:
    """Return why `person` cannot become Accountable of `row` now: they asked a question that row decides. One query."""
    asked = initiative.decisions.filter(closed="", asked_by=person, row=row).order_by("pk").first()
    if asked is not None:
        return Blocker(
            "asker",
            _("%(name)s asked for %(what)s, so somebody else must decide it.")
            % {"name": person.name, "what": asked.get_kind_display()},
            url=asked.get_absolute_url(),
        )
    return None


def accept(assignment: Assignment, *, by, at: datetime, proof: Proof | None, seen: str | None = None) -> Assignment:
    """Accept an offer, or accept again for the version as it is now. Signed; binds at once.

    `seen` is the digest of what the page showed; a page always carries it. Raises Refused for anybody but
    the person named and without a proof, Conflict when the offer is over or something changed since.
    """
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(assignment.initiative_id)
        assignment = Assignment.objects.select_related("person", "initiative").get(pk=assignment.pk)
        if assignment.person_id != by.pk:
            raise Refused(
                _("Only %(name)s can answer this.") % {"name": assignment.person.name}, assignment.person.name
            )
        if assignment.ended_at is not None or (
            assignment.accepted_at is None and assignment.answer_by and at >= assignment.answer_by
        ):
            raise Conflict(_("This offer is over. Ask the Portfolio office to name you again."))
        if assignment.accepted_at is not None and assignment.material_sha256 == material.digest(initiative):
            return assignment  # Accepted for this very version already: a second click signs nothing.
        if seen is not None and seen != shown(initiative, Row(assignment.row), Role(assignment.role)):
            raise Conflict(_("Something changed since this page was shown. Read it again, then sign."))
        _take(initiative, assignment, by=by, at=at, proof=proof, say=say)
    return assignment


def _take(initiative, assignment: Assignment, *, by, at: datetime, proof: Proof | None, say) -> None:
    """Make an offer binding on every row offered with it: predecessor out, signature under the statement."""
    row, role = Row(assignment.row), Role(assignment.role)
    _refuse_ineligible_at_acceptance(initiative, row, role, by, waived=bool(assignment.grade_waived_because))
    digest = material.digest(initiative)
    signature = signatures.sign(
        initiative=initiative,
        by=by,
        meaning=Meaning.ACCEPTANCE,
        statement=statement(initiative, row, role),
        proof=proof,
        at=at,
        facts={
            "row": str(row),
            "role": str(role),
            "version": initiative.version,
            "material": material.facts(initiative),
        },
    )
    for each in together(row, role):
        for before in (
            Assignment.objects.filter(initiative=initiative, row=each, role=role, ended_at=None)
            .exclude(accepted_at=None)
            .exclude(person=by)
            .select_related("signature")
        ):
            _end(before, at=at, because=_("%(name)s accepted.") % {"name": by.name}, say=say)
        mine = Assignment.objects.filter(initiative=initiative, row=each, role=role, person=by, ended_at=None).first()
        if mine is None:
            continue
        mine.accepted_at, mine.material_sha256, mine.signature = at, digest, signature
        mine.save(update_fields=["accepted_at", "material_sha256", "signature"])
        say(
            Verb.ROLE_ACCEPTED,
            mine,
            row=str(each),
            role=str(role),
            version=initiative.version,
            material=digest,
            signature=signature.pk,
        )
    queries.forget(initiative)
    if role == Role.ACCOUNTABLE and row in SHARED and initiative.unowned_since is not None:
        initiative.unowned_since = None
        initiative.save(update_fields=["unowned_since"])
    grants.rebuild(initiative)
    assignment.refresh_from_db()


def _refuse_ineligible_at_acceptance(initiative, row: Row, role: Role, person, *, waived: bool) -> None:
    """Raise Blocked when the person named can no longer hold it (they moved, the unit did, or they asked meanwhile)."""
    reasons = {
        b.code: b
        for each in together(row, role)
        for b in eligible.blockers(person, each, role, initiative, grade_waived=waived)
    }
    if role == Role.ACCOUNTABLE:
        reasons |= {b.code: b for each in together(row, role) if (b := _asker(initiative, each, person)) is not None}
    if reasons:
        raise Blocked(reasons.values())


def accept_by_deciding(initiative, row: Row, *, by, at: datetime, proof: Proof | None, say) -> None:
    """Accept the Accountable's role of `row` as part of deciding: answering the pilot go is the acceptance."""
    offered = queries.matrix(initiative).offer(row, Role.ACCOUNTABLE)
    if offered is not None and offered.person_id == by.pk:
        _take(initiative, offered, by=by, at=at, proof=proof, say=say)


def decline(assignment: Assignment, *, by, at: datetime, because: str) -> None:
    """Decline an offer, with a reason; whoever named them and the Portfolio office are told."""
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(assignment.initiative_id)
        assignment = Assignment.objects.select_related("person").get(pk=assignment.pk)
        if assignment.person_id != by.pk:
            raise Refused(
                _("Only %(name)s can answer this.") % {"name": assignment.person.name}, assignment.person.name
            )
        if assignment.accepted_at is not None or assignment.ended_at is not None:
            raise Conflict(_("This offer was answered already."))
        row, role = Row(assignment.row), Role(assignment.role)
        for each in Assignment.objects.filter(
            initiative=initiative, row__in=together(row, role), role=role, person=by, accepted_at=None, ended_at=None
        ):
            each.ended_at, each.ended_because = at, because[:300]
            each.save(update_fields=["ended_at", "ended_because"])
            say(Verb.ROLE_DECLINED, each, row=each.row, role=each.role, text={"because": because})
        grants.rebuild(initiative)
        notices.owe(
            [*functions.members(Function.PORTFOLIO), *([assignment.assigned_by] if assignment.assigned_by else [])],
            thing=assignment,
            occasion="declined",
            initiative=initiative,
            at=at,
            subject=_("%(who)s declined to be %(role)s of %(key)s")
            % {"who": by.name, "role": _title(row, role), "key": initiative.key},
            body=because,
            path=_matrix_path(initiative),
            why=_("You named somebody, or you are in the Portfolio office."),
        )


def _matrix_path(initiative) -> str:
    from django.urls import reverse

    return reverse("initiatives:matrix", args=[initiative.key])


def assign(initiative: Initiative, row: Row, role: Role, holder, *, by, at: datetime) -> Assignment:
    """Put a person or a group into R, C or I of a row, at once."""
    row, role = Row(row), Role(role)
    if role in OFFERED:
        raise ValueError("Accountable and Escalation owner are offered.")
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        require(
            by,
            initiative,
            May.PROPOSE,
            at,
            _("Names are proposed by whoever registered it, later by the business owner and the Portfolio office."),
        )
        made = _stand(initiative, row, role, holder, by=by, at=at, say=say)
        grants.rebuild(initiative)
        if not isinstance(holder, Group) and holder.pk != by.pk:
            notices.owe(
                holder,
                thing=made,
                occasion="assigned",
                initiative=initiative,
                at=at,
                subject=_("You are %(role)s on %(key)s %(name)s")
                % {"role": role.label, "key": initiative.key, "name": initiative.name},
                body=_("%(who)s put you down for %(row)s.") % {"who": by.name, "row": row.label},
                path=_matrix_path(initiative),
                why=_("You were put into the matrix."),
            )
    return made


def _stand(initiative, row: Row, role: Role, holder, *, by, at: datetime, say) -> Assignment:
    """Put a holder into a cell inside an act; who stands there already stays as they are."""
    key = {"group": holder} if isinstance(holder, Group) else {"person": holder}
    there = Assignment.objects.filter(initiative=initiative, row=row, role=role, ended_at=None, **key).first()
    if there is not None:
        return there
    if "person" in key and not holder.is_active:
        raise Blocked(
            [Blocker("left", _("%(name)s has left. Choose somebody who works here.") % {"name": holder.name})]
        )
    made = Assignment.objects.create(
        initiative=initiative,
        row=row,
        role=role,
        assigned_by=by if not isinstance(by, str) else None,
        assigned_at=at,
        accepted_at=at,
        **key,
    )
    say(Verb.ROLE_ASSIGNED, made, row=str(row), role=str(role), person=made.person_id, group=made.group_id)
    return made


def inform(initiative, people, *, at: datetime, say) -> None:
    """Let people see a restricted initiative because something about it is put to them: Informed of halt, by the clock.

    Inside an act, on a locked initiative. Who sees it already stays as they are.
    """
    blind = [p for p in people if not Initiative.objects.visible_to(p, at).filter(pk=initiative.pk).exists()]
    for person in blind:
        _stand(initiative, Row.HALT, Role.INFORMED, person, by="system:sweep", at=at, say=say)
    if blind:
        grants.rebuild(initiative)


def required_functions(initiative) -> dict[Row, set[str]]:
    """Return the functions that stand in Consulted by themselves, per row, for the confirmed tier.

    The tier's sign-offs and the owners of its controls on go-live; sign-offs on change and halt; Finance
    on pilot and go-live, where figures and money are confirmed.
    """
    rules = policy.current()
    tier = rules.tiers.get(initiative.tier)
    signers = set(tier.sign_offs) if tier else set()
    owners = {c.function for c in rules.controls_for(initiative.tier, initiative.capability)}
    finance = {Function.FINANCE.value}
    return {Row.PILOT: finance, Row.GO_LIVE: signers | owners | finance, Row.MODIFICATION: signers, Row.HALT: signers}


def stand_in_functions(initiative, *, by, at: datetime, say) -> None:
    """Put the functions the tier asks for into Consulted. Inside an act, on a locked initiative."""
    groups = {g.name: g for g in Group.objects.filter(name__in=Function.values)}
    for row, slugs in required_functions(initiative).items():
        for slug in sorted(slugs):
            _stand(initiative, row, Role.CONSULTED, groups[slug], by=by, at=at, say=say)
    grants.rebuild(initiative)


def end(assignment: Assignment, *, by, at: datetime, because: str) -> None:
    """Take somebody out of the matrix, or step down oneself. The functions a tier asks for stay.

    A and E may step down themselves, and the Portfolio office may end them; the row is vacant then.
    """
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(assignment.initiative_id)
        assignment = Assignment.objects.select_related("person", "group").get(pk=assignment.pk)
        if assignment.ended_at is not None:
            raise Conflict(_("This was ended already."))
        row, role = Row(assignment.row), Role(assignment.role)
        if assignment.person_id != by.pk:
            require(
                by,
                initiative,
                May.PROPOSE,
                at,
                _("Names are proposed by whoever registered it, later by the business owner and the Portfolio office."),
            )
        if assignment.group and role == Role.CONSULTED and assignment.group.name in required_functions(initiative)[row]:
            raise Blocked(
                [
                    Blocker(
                        "required",
                        _("%(function)s is Consulted because tier %(tier)s asks for it.")
                        % {"function": functions.label(assignment.group.name), "tier": initiative.tier},
                    )
                ]
            )
        rows = together(row, role)
        for each in Assignment.objects.filter(
            initiative=initiative,
            row__in=rows,
            role=role,
            person=assignment.person,
            group=assignment.group,
            ended_at=None,
        ).select_related("signature"):
            _end(each, at=at, because=because, say=say)
        queries.forget(initiative)
        if (
            role == Role.ACCOUNTABLE
            and row in SHARED
            and initiative.is_in_use
            and queries.matrix(initiative).owner is None
            and initiative.unowned_since is None
        ):
            initiative.unowned_since = at
            initiative.save(update_fields=["unowned_since"])
        grants.rebuild(initiative)


def _end(assignment: Assignment, *, at: datetime, because, say) -> None:
    """End one assignment and void its acceptance."""
    assignment.ended_at, assignment.ended_because = at, str(because)[:300]
    assignment.save(update_fields=["ended_at", "ended_because"])
    if assignment.signature_id:
        signatures.void(assignment.signature, because=because, at=at)
    say(
        Verb.ROLE_ENDED,
        assignment,
        row=assignment.row,
        role=assignment.role,
        person=assignment.person_id,
        text={"because": str(because)},
    )


def void_by(initiative, changed) -> list[str]:
    """Return whose acceptance a change of these fields cancels: the business owner's, where it stands. No query beyond the matrix."""
    if not set(changed) & set(material.MATERIAL):
        return []
    now = material.digest(initiative)
    owners = {
        a.person_id: a.person.name
        for a in queries.matrix(initiative).standing
        if is_owner(a) and a.material_sha256 == now
    }
    return [_("%(name)s (business owner)") % {"name": name} for name in owners.values()]


def lapse_offer(assignment: Assignment, *, at: datetime) -> bool:
    """End an offer whose time is up: vacant, and the Portfolio office is told. Returns whether anything was done."""
    with ledger.act(by="system:sweep", at=at) as say:
        initiative = Initiative.objects.lock(assignment.initiative_id)
        assignment = Assignment.objects.select_related("person").get(pk=assignment.pk)
        if assignment.ended_at is not None or assignment.accepted_at is not None or at < assignment.answer_by:
            return False
        row, role = Row(assignment.row), Role(assignment.role)
        # Go-live and halt were offered as one, and lapse as one: the Portfolio office is told once.
        for each in (
            Assignment.objects.offers()
            .filter(
                initiative=initiative,
                row__in=together(row, role),
                role=role,
                person=assignment.person_id,
                answer_by__lte=at,
            )
            .order_by("pk")
        ):
            each.ended_at, each.ended_because = each.answer_by, _("Not answered in time.")
            each.save(update_fields=["ended_at", "ended_because"])
            say(Verb.ROLE_LAPSED, each, row=each.row, role=each.role, person=each.person_id)
        grants.rebuild(initiative)
        notices.owe(
            functions.members(Function.PORTFOLIO),
            thing=f"initiative:{initiative.pk}",
            occasion=f"offer-lapsed-{assignment.pk}",
            initiative=initiative,
            at=at,
            subject=_("Not answered: %(who)s as %(role)s of %(key)s")
            % {"who": assignment.person.name, "role": _title(row, role), "key": initiative.key},
            body=_("The role is vacant. Name somebody else, or name %(who)s again.") % {"who": assignment.person.name},
            path=_matrix_path(initiative),
            why=_("You are in the Portfolio office."),
        )
    return True


def name_workflow_owner(initiative: Initiative, person, *, by, at: datetime) -> Initiative:
    """Name who answers for how the workflow behaves, or nobody."""
    with ledger.act(by=by, at=at) as say:
        initiative = Initiative.objects.lock(initiative.pk)
        require(by, initiative, May.PROPOSE, at)
        before, initiative.workflow_owner = initiative.workflow_owner_id, person
        initiative.version += 1
        initiative.save(update_fields=["workflow_owner", "version"])
        grants.rebuild(initiative)
        say(
            Verb.ROLE_ASSIGNED,
            initiative,
            row="workflow",
            role="owner",
            person=person.pk if person else None,
            before=before,
        )
    return initiative
