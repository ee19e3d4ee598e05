"""The instance's log of all chats, kept here so that it can be searched and counted: the instance gives twenty lines at a time, slowly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models

from dashboard.folding import searchable


class Place(models.Model):
    """A workspace by the name it has on the instance, or had when it was deleted."""

    id = models.PositiveBigIntegerField(primary_key=True)  # the instance's
    name = models.CharField(max_length=255)

    def __str__(self) -> str:
        return self.name


class Person(models.Model):
    """An account that asked, by the name it has, or had. With CHAT_LOG=anonymous there are none."""

    id = models.PositiveBigIntegerField(primary_key=True)  # the instance's
    name = models.CharField(max_length=255)

    def __str__(self) -> str:
        return self.name


class Exchanges(models.Manager["Exchange"]):
    """What is stored can be searched from then on. Both ways in which an exchange is made end here."""

    def bulk_create(self, exchanges: Iterable[Exchange], **options: Any) -> list[Exchange]:  # type: ignore[override]
        made = super().bulk_create(exchanges, **options)
        self.index(made)
        return made

    def create(self, **fields: Any) -> Exchange:
        exchange = super().create(**fields)
        self.index([exchange])
        return exchange

    def index(self, exchanges: Iterable[Exchange]) -> None:
        words = (Words(exchange=each, letters=searchable(f"{each.prompt}\n{each.answer}")) for each in exchanges)
        Words.objects.bulk_create(words, batch_size=500)


class Exchange(models.Model):
    """A question and its answer. What was deleted with Foyer is deleted here, too; what the instance has deleted otherwise stays.

    Without a `user` nobody knows who asked: sessions and agents leave none, and with CHAT_LOG=anonymous none is kept.
    """

    id = models.PositiveBigIntegerField(primary_key=True)  # the instance's
    workspace = models.ForeignKey(Place, on_delete=models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+", null=True, db_index=False)
    thread_id = models.PositiveBigIntegerField(null=True)
    session_id = models.CharField(max_length=255, blank=True)
    mode = models.CharField(max_length=20, blank=True)  # chat, query or automatic
    prompt = models.TextField()
    answer = models.TextField(blank=True)
    cited = models.PositiveIntegerField(default=0)  # documents the answer draws on
    visible = models.BooleanField(default=True)  # False: gone from every history on the instance, not from its log
    # Answered, without citing a document. Kept in the row, so that whoever counts need not read the answer.
    unsourced = models.GeneratedField(
        expression=models.Q(cited=0) & ~models.Q(answer=""),  # type: ignore[arg-type]  # as Django's manual has it
        output_field=models.BooleanField(),
        db_persist=True,
    )
    feedback = models.BooleanField(null=True)
    created_at = models.DateTimeField()

    objects = Exchanges()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="exchange_newest"),
            models.Index(fields=["workspace", "-created_at", "-id"], name="exchange_of_workspace"),
            models.Index(fields=["user", "-created_at", "-id"], name="exchange_of_user"),
            models.Index(fields=["mode", "-created_at", "-id"], name="exchange_of_mode"),
            # All that usage counts, so that it reads no texts.
            models.Index(fields=["created_at", "workspace", "user", "cited", "unsourced"], name="exchange_counted"),
            models.Index(fields=["thread_id"], name="exchange_of_thread", condition=models.Q(thread_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.pk} in {self.workspace_id}"


class Words(models.Model):
    """Question and answer of an exchange as they are searched, in a table of its own: whoever counts or lists does not read them.

    The database keeps an index of every three letters of it (migration 0003).
    """

    exchange = models.OneToOneField(Exchange, on_delete=models.CASCADE, primary_key=True, related_name="+")
    letters = models.TextField()  # see folding.searchable

    def __str__(self) -> str:
        return f"of {self.pk}"


class Citation(models.Model):
    """A document that an answer draws on, by its title: the log keeps no better name."""

    exchange = models.ForeignKey(Exchange, on_delete=models.CASCADE, related_name="citations")
    title = models.CharField(max_length=255)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.title


class Progress(models.Model):
    """How far the log is read: one row. All ids up to `covered` are here, and of a walk under way those from `high` down to `low`."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    covered = models.PositiveBigIntegerField(default=0)
    high = models.PositiveBigIntegerField(default=0)
    low = models.PositiveBigIntegerField(default=0)  # 0: no walk under way
    page = models.PositiveIntegerField(default=0)  # of the instance, to be read next
    reached = models.DateTimeField(null=True)  # of the line `low`
    named = models.BooleanField(default=True)  # False: some of it was read when nobody was to be named
    forgotten = models.PositiveBigIntegerField(
        default=0
    )  # how often lines were deleted here, which a walk may have read just before
    complete_at = models.DateTimeField(null=True)  # when a walk last came to its end

    def __str__(self) -> str:
        return f"up to {self.covered}"
