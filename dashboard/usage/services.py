"""Who uses what, counted from the log of chats: as far as that is read, and of the workspaces the operator looks after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Max, Min, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from dashboard.accounts.models import Operator
from dashboard.chatlog import services as chatlog

PERIODS = (7, 30, 90)  # days, the present one included
# A refusal is one, too: the documents did not say it. What is empty is no answer.
WITHOUT_SOURCES = Count("id", filter=Q(unsourced=True))


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
    totals = lines.aggregate(messages=Count("id"), people=Count("user", distinct=True), without=WITHOUT_SOURCES)
    by_day = lines.annotate(day=TruncDate("created_at")).values("day")
    counted = by_day.annotate(messages=Count("id"), people=Count("user", distinct=True))
    known = {row["day"]: Day(row["day"], row["messages"], row["people"]) for row in counted}
    every_day = [since + timedelta(days=number) for number in range(days)]
    first = ever.filter(user__isnull=False).values("user").annotate(first=Min("created_at"))
    return Usage(
        since=since,
        days=[known.get(day) or Day(day, 0, 0) for day in every_day],
        messages=totals["messages"],
        people=totals["people"],
        new_people=first.filter(first__gte=chatlog.midnight(since)).count(),
        without_sources=totals["without"],
        workspaces=_shares(lines, "workspace", "user"),
        persons=_shares(lines, "user", "workspace") if chatlog.sees_people() else [],
        documents=_documents(lines),
    )


def _shares(lines: chatlog.Lines, of: str, others: str) -> list[Share]:
    rows = lines.values(f"{of}_id", f"{of}__name").annotate(
        messages=Count("id"), others=Count(others, distinct=True), without=WITHOUT_SOURCES, last=Max("created_at")
    )
    shares = (
        Share(r[f"{of}_id"], r[f"{of}__name"] or "", r["messages"], r["others"], r["without"], r["last"]) for r in rows
    )
    return sorted(shares, key=lambda share: (-share.messages, share.name.casefold()))


def _documents(lines: chatlog.Lines) -> list[Cited]:
    rows = lines.filter(cited__gt=0).values("citations__title")
    counted = rows.annotate(answers=Count("id"), places=Count("workspace", distinct=True))
    found = (Cited(row["citations__title"], row["answers"], row["places"]) for row in counted)
    return sorted(found, key=lambda cited: (-cited.answers, cited.title.casefold()))
