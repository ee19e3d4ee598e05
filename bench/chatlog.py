"""The chat log and usage: python -m bench chatlog

100,000 lines of 1,000 people in 200 workspaces over 400 days. Time is what a client on this machine waits.
"""

from __future__ import annotations

import random
import statistics
from datetime import timedelta

from bench.stage import foyer, milliseconds, signed_in, stand_in

LINES, PEOPLE, WORKSPACES, DAYS = 100_000, 1_000, 200, 400
PAGES = {
    "last seven days": "/chats/",
    "all": "/chats/?days=all",
    "one workspace": "/chats/?days=all&workspace=7",
    "one person": "/chats/?days=all&person=person.77",
    "words that are there": "/chats/?days=all&q=word77+word",
    "words that nobody said": "/chats/?days=all&q=never-said",
    "one mode, page 500": "/chats/?days=all&mode=query&page=500",
    "a conversation": "/chats/50000/",
    "usage, 30 days": "/usage/?days=30",
    "usage, 90 days": "/usage/?days=90",
}


def main() -> None:
    fill()
    with stand_in() as instance, foyer(instance) as web:
        print(f"chat log, {LINES:,} lines of {PEOPLE:,} people in {WORKSPACES} workspaces")
        headers = {"Accept-Encoding": "gzip"} | signed_in()
        web.get("/chats/", headers)
        before = web.megabytes()
        for name, url in PAGES.items():
            worked = web.worked()
            waited = [milliseconds(lambda url=url: web.get(url, headers)) for _ in range(9)]  # type: ignore[misc]
            print(
                f"  {name:<24} {statistics.median(waited):5.0f} ms, {max(waited):.0f} at most;"
                f" {(web.worked() - worked) / 9:.0f} ms of work"
            )
        whole = milliseconds(lambda: web.get("/chats/export/?format=jsonl&days=all", headers))
        print(f"  everything as JSONL: {LINES / whole * 1000:,.0f} lines a second")
        print(f"  memory of the server {before:.0f} MB, {web.megabytes() - before:+.0f} MB after these")


def fill() -> None:
    """As if the log of an instance had been read to its end."""
    from django.utils import timezone

    from dashboard.chatlog.models import Citation, Exchange, Person, Place, Progress

    chance, now = random.Random(1), timezone.now()  # noqa: S311
    words = [f"word{number}" for number in range(3000)]
    Place.objects.bulk_create(Place(id=n, name=f"Workspace {n}") for n in range(1, WORKSPACES + 1))
    Person.objects.bulk_create(Person(id=n, name=f"person.{n}") for n in range(1, PEOPLE + 1))
    lines = [
        Exchange(
            id=number,
            workspace_id=chance.randint(1, WORKSPACES),
            user_id=chance.randint(1, PEOPLE),
            thread_id=chance.randint(1, LINES // 10),
            mode=chance.choice(("chat", "query")),
            prompt=" ".join(chance.choices(words, k=14)),
            answer=" ".join(chance.choices(words, k=150)),
            cited=number % 2,
            created_at=now - timedelta(days=DAYS) * (1 - number / LINES),
        )
        for number in range(1, LINES + 1)
    ]
    Exchange.objects.bulk_create(lines, batch_size=2000)
    cited = (Citation(exchange_id=line.id, title=f"doc-{chance.randint(1, 500)}.pdf") for line in lines if line.cited)
    Citation.objects.bulk_create(cited, batch_size=5000)
    Progress.objects.create(covered=LINES, complete_at=now)


if __name__ == "__main__":
    main()
