"""A form that makes something goes through once, however often it is sent: by a double click, or again by the Back button."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django import forms
from django.utils import timezone

from dashboard.errors import Declined
from dashboard.models import Lease
from dashboard.said import gettext_lazy as _

REMEMBERED = timedelta(days=1)


NOT_WHOLE = _("This form did not arrive whole. Load the page again and send it once more.")


class OnceField(forms.UUIDField):
    """The key of one form as it was loaded."""

    def __init__(self) -> None:
        super().__init__(
            required=False, initial=uuid.uuid4, widget=forms.HiddenInput, error_messages={"invalid": NOT_WHOLE}
        )


@contextmanager
def once(key: uuid.UUID | None) -> Iterator[None]:
    """Around what the form makes; when that fails, the form may be sent again. Raises Declined for a form that was sent before."""
    if key is None:
        yield
        return
    now, name, sent = timezone.now(), f"once:{key}", uuid.uuid4().hex
    Lease.objects.filter(name__startswith="once:", until__lt=now).delete()
    # Not an INSERT that fails: a database writes an error into its log for each.
    Lease.objects.bulk_create([Lease(name=name, until=now + REMEMBERED, holder=sent)], ignore_conflicts=True)
    if not Lease.objects.filter(name=name, holder=sent).exists():
        raise Declined(
            _(
                "This form was sent already, and what it makes is there or on its way. To make another one, load the page again."
            )
        )
    try:
        yield
    except BaseException:
        Lease.objects.filter(name=name).delete()
        raise
