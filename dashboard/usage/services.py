"""Who uses what, counted from the log of chats: as far as that is read, and of the workspaces the operator looks after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, Count, ExpressionWrapper, F, Max, Q
from django.utils import timezone

from dashboard.accounts.models import Operator
from dashboard.chatlog import services as chatlog

PERIODS = (7, 30, 90)  # days, the present one included
# A refusal is one, too: the documents did not say it. What is empty is no answer.
WITHOUT_SOURCES = Count("cited", filter=Q(unsourced=True))


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    messages: int
    people: int


@dataclass(frozen=True, slots=True)
class Share:
    """What one workspace or person asked. `others`: how many people asked the workspace, or how many workspaces the person."""

    id: int | None
    name: str
    messages: int
    others: int
    without_sources: int
    last: datetime


@dataclass(frozen=True, slots=True)
class Cited:
    title: str
    answers: int
    workspaces: int


@dataclass(frozen=True, slots=True)
class Usage:
    since: date
    days: list[Day]
    messages: int
    people: int
    new_people: int  # who asked for the first time ever
    without_sources: int
    workspaces: list[Share]
    persons: list[Share]  # most active first; without a name: sessions, agents
    documents: list[Cited]


def usage(operator: Operator, days: int) -> Usage:
    """The last so many days, of the current time zone."""
    since = timezone.localdate() - timedelta(days=days - 1)
    ever = chatlog.visible_to(operator).order_by()
    lines = ever.filter(created_at__gte=chatlog.midnight(since))
    # Who asked what, as pairs: to count the distinct ones takes a database longer than all the rest.
    pairs = list(lines.values_list(_by("workspace"), _by("user")).distinct())
    workspaces = _shares(
        lines, "workspace", chatlog.place_names(), Counter(place for place, person in pairs if person is not None)
    )
    return Usage(
        since=since,
        days=[_day(ever, since + timedelta(days=number)) for number in range(days)],
        messages=sum(share.messages for share in workspaces),
        people=len({person for _place, person in pairs} - {None}),
        new_people=chatlog.newcomers(operator, chatlog.midnight(since)),
        without_sources=sum(share.without_sources for share in workspaces),
        workspaces=workspaces,
        persons=_shares(lines, "user", chatlog.person_names(), Counter(person for _place, person in pairs))
        if chatlog.sees_people()
        else [],
        documents=_documents(lines),
    )


def _by(of: str) -> ExpressionWrapper[Any]:
    """The number of the workspace or person, to be grouped by: for the column itself SQLite goes through the whole log, in its order."""
    return ExpressionWrapper(F(f"{of}_id") + 0, BigIntegerField())


def _day(ever: chatlog.Lines, day: date) -> Day:
    """Each day is a stretch of the index: to ask for the day of every line would have SQLite ask us, line by line."""
    begins, ends = chatlog.midnight(day), chatlog.midnight(day + timedelta(days=1))
    lines = ever.filter(created_at__gte=begins, created_at__lt=ends)
    return Day(day, **lines.aggregate(messages=Count("*"), people=Count("user", distinct=True)))


def _shares(
    lines: chatlog.Lines, of: str, names: Mapping[int | None, str], others: Mapping[int | None, int]
) -> list[Share]:
    """`others` counts by id."""
    rows = lines.values_list(_by(of)).annotate(messages=Count("*"), without=WITHOUT_SOURCES, last=Max("created_at"))
    shares = (
        Share(key, names.get(key, ""), messages, others[key], without, last) for key, messages, without, last in rows
    )
    return sorted(shares, key=lambda share: (-share.messages, share.name.casefold()))


def _documents(lines: chatlog.Lines) -> list[Cited]:
    counted: dict[str, list[int]] = {}
    for title, _place, answers in (
        lines.filter(cited__gt=0).values_list("citations__title", "workspace_id").annotate(answers=Count("*"))
    ):
        counted.setdefault(title, []).append(answers)
    found = (Cited(title, sum(answers), len(answers)) for title, answers in counted.items())
    return sorted(found, key=lambda cited: (-cited.answers, cited.title.casefold()))
