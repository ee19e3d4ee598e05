"""Every recorded exchange with a real instance, played to the client: nothing may be left out."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.anythingllm.answering import Answering
from tests.anythingllm.exchanges import Recording, recordings
from tests.anythingllm.outcomes import ANSWERED, NOT_MADE, RAISES
from tests.anythingllm.replaying import KEY, make_exchange

ROWS = {row.name: row for row in recordings()}
OUTCOME = dict.fromkeys(ANSWERED) | {name: error for error, names in RAISES.items() for name in names}


def test_it_accounts_for_every_recording_once() -> None:
    listed = Counter([*ANSWERED, *(name for names in [*RAISES.values(), *NOT_MADE.values()] for name in names)])
    assert listed == Counter(ROWS.keys())


@pytest.mark.parametrize("row", [ROWS[name] for name in OUTCOME if name in ROWS], ids=lambda row: row.name)
def test_it_makes_of_the_recorded_answer(row: Recording, server: Answering) -> None:
    expected = OUTCOME[row.name]
    if expected is None:
        make_exchange(row, server)
        return
    with pytest.raises(expected) as caught:
        make_exchange(row, server)
    assert type(caught.value) is expected
    said = f"{caught.value} {caught.value!r} {caught.value.details}"
    assert "prisma" not in said.lower()
    assert KEY not in said
