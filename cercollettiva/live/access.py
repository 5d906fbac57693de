"""Whether those who watch may still look. Everything is asked again of the database, for all of them together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Value
from django.db.models.functions import Now

from cercollettiva.core.models import CERConfiguration, CERMembership, Plant
from cercollettiva.live.topics import Kind, Topic
from cercollettiva.users import second_factor
from cercollettiva.users.models import CustomUser
from cercollettiva.users.visibility import VisibleQuerySet

QUESTIONS_PER_QUERY: Final = 200  # SQLite joins at most 500 SELECTs into one


class Watcher(NamedTuple):
    """Somebody who watches something, under a session that was good when they came."""

    user: int
    session: str
    session_hash: str  # changes with the password
    topic: Topic
    is_proven: bool = False  # the session has seen a second factor


class Question(NamedTuple):
    """Whether somebody of that standing may see a topic."""

    user: int
    is_staff: bool
    is_superuser: bool
    topic: Topic


class Answerable(NamedTuple):
    """A question as SQL; it is true when it has a row."""

    sql: str
    parameters: tuple[Any, ...]


def may_watch(user: CustomUser | AnonymousUser, topic: Topic, now: datetime) -> bool:
    """One query."""
    return _rows(topic.kind, user, now).filter(pk=topic.pk).exists()


def visible_topics(user: CustomUser | AnonymousUser, kind: Kind, now: datetime) -> list[Topic]:
    """All that somebody may watch of a kind, in one query."""
    return [Topic(kind, pk) for pk in _rows(kind, user, now).order_by("pk").values_list("pk", flat=True)]


def fullest(user: CustomUser | AnonymousUser, topics: list[Topic], now: datetime) -> list[Topic]:
    """The same, each community that somebody looks after as its managers see it. One query."""
    keys = [topic.pk for topic in topics if topic.kind is Kind.COMMUNITY]
    if not keys:
        return topics
    wanted = {"pk": keys[0]} if len(keys) == 1 else {"pk__in": keys}  # an address may name a key beyond all keys
    managed = set(_rows(Kind.MANAGED, user, now).filter(**wanted).values_list("pk", flat=True))
    full = {Topic(Kind.COMMUNITY, pk): Topic(Kind.MANAGED, pk) for pk in managed}
    return [full.get(topic, topic) for topic in topics]


class Access:
    """Asks `visible_to` for everybody at once.

    Writing down two hundred such queries costs the process more than all its frames, so each is written once, with
    the database's own clock in it, and kept while its watcher stays.
    """

    def __init__(self) -> None:
        self._questions: dict[Question, Answerable | None] = {}

    def still_allowed(self, watchers: Collection[Watcher], now: datetime) -> set[Watcher]:
        """Those whose session still stands, whose password is the same, and who may still see what they watch.

        One query for the sessions, one for the people and one for every two hundred questions; two more where somebody
        is past the time to set up a second factor. Sessions are rows: with
        a SESSION_ENGINE that keeps none everybody would be closed.
        """
        people = _people(watchers)
        sessions = _sessions(watchers, now)
        questions: dict[Watcher, Question] = {}
        late = _late(watchers, people, now)
        for watcher in watchers:
            user = None if watcher in late else people.get(watcher.user)
            if user and watcher.session in sessions and user.get_session_auth_hash() == watcher.session_hash:
                questions[watcher] = Question(user.pk, user.is_staff, user.is_superuser, watcher.topic)
        self._write_down(set(questions.values()), people)
        seen = self._answers()
        return {watcher for watcher, question in questions.items() if (question.user, question.topic) in seen}

    def _write_down(self, questions: Iterable[Question], people: Mapping[int, CustomUser]) -> None:
        """Keep the SQL of these questions, and of no others. None is a question whose answer is no by itself."""
        self._questions = {
            question: self._questions[question] if question in self._questions else _sql(question, people)
            for question in questions
        }

    def _answers(self) -> set[tuple[int, Topic]]:
        """The people with the topics that they may see."""
        asked = [answerable for answerable in self._questions.values() if answerable is not None]
        seen: set[tuple[int, Topic]] = set()
        with connection.cursor() as cursor:
            for first in range(0, len(asked), QUESTIONS_PER_QUERY):
                some = asked[first : first + QUESTIONS_PER_QUERY]
                statement = " UNION ALL ".join(answerable.sql for answerable in some)
                cursor.execute(statement, [value for answerable in some for value in answerable.parameters])
                seen.update((user, Topic(Kind(kind), pk)) for user, kind, pk in cursor.fetchall())
        return seen


def _people(watchers: Collection[Watcher]) -> dict[int, CustomUser]:
    people = CustomUser.objects.filter(pk__in={watcher.user for watcher in watchers}, is_active=True).order_by()
    columns = ("password", "is_active", "is_staff", "is_superuser", "second_factor_due_at")
    return {user.pk: user for user in people.only(*columns)}


def _late(watchers: Collection[Watcher], people: Mapping[int, CustomUser], now: datetime) -> set[Watcher]:
    """Those who must have proven twice who they are, have not, and are past their time."""
    unproven = [watcher for watcher in watchers if not watcher.is_proven and watcher.user in people]
    due = {watcher.user: people[watcher.user].second_factor_due_at for watcher in unproven}
    past = {pk for pk, moment in due.items() if moment is not None and moment <= now}
    if not past:
        return set()
    memberships: Any = CERMembership.objects
    administering = set(memberships.administering(at=now).filter(user__in=past).values_list("user", flat=True))
    required = {pk for pk in past if second_factor.is_required(people[pk], administers=pk in administering)}
    return {watcher for watcher in unproven if watcher.user in required}


def _sessions(watchers: Collection[Watcher], now: datetime) -> set[str]:
    keys = {watcher.session for watcher in watchers}
    standing = Session.objects.filter(session_key__in=keys, expire_date__gt=now)
    return set(standing.order_by().values_list("session_key", flat=True))


def _sql(question: Question, people: Mapping[int, CustomUser]) -> Answerable | None:
    kind, pk = question.topic
    rows = _rows(kind, people[question.user], Now()).filter(pk=pk).order_by()
    query = rows.values_list(Value(question.user), Value(str(kind)), "pk").query
    try:
        return Answerable(*query.get_compiler(using=connection.alias).as_sql())
    except EmptyResultSet:
        return None


def _rows(kind: Kind, user: CustomUser | AnonymousUser, at: datetime | Now) -> VisibleQuerySet[Any]:
    moment: Any = at
    if kind is Kind.PLANT:
        return Plant.objects.visible_to(user, at=moment)
    if kind is Kind.MANAGED:
        return CERConfiguration.objects.managed_by(user, at=moment)
    return CERConfiguration.objects.visible_to(user, at=moment)
