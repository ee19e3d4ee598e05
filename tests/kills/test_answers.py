"""Questions whose server is killed while they are answered: their page does not wait for ever, and shows what the instance has kept."""

from __future__ import annotations

import json
import re
import uuid
from concurrent.futures import Future
from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.chat import turns
from dashboard.chat.models import Turn, TurnState
from dashboard.errors import NOTHING_KEPT
from tests.kills.processes import Browser, wait_until
from tests.kills.works import Scene

SLUG = "customer-support"
WAITS = "Reading and writing"


class Asked:
    """A question, its page, and, with a script, the browser that hears the answer."""

    def __init__(self, scene: Scene, text: str, by_script: bool = True) -> None:
        self.browser: Browser = scene.adas_browser()
        fields = {"text": text, "mode": "chat", "key": str(uuid.uuid4())}
        headers = {"HX-Request": "true"} if by_script else {}
        answer = self.browser.post(f"/chat/{SLUG}/+ask/", fields, page=f"/chat/{SLUG}/", headers=headers)
        self.heard, self.hears = b"", Future[None]()
        if by_script:
            self.page = json.loads(answer.headers["HX-Location"])["path"]
            stream = re.search(r'data-stream="([^"]+)"', self.browser.get(self.page).text)
            assert stream
            self.hears = scene.meanwhile(self._listen, stream[1])
        else:
            self.page = answer.headers["Location"]
        self._turn = Turn.objects.latest("pk").pk

    def _listen(self, stream: str) -> None:
        with self.browser.listen(stream) as answer:
            for piece in answer.iter_content(None):
                self.heard += piece

    @property
    def turn(self) -> Turn:
        return Turn.objects.get(pk=self._turn)

    def look(self) -> str:
        """What a page that waits gets for it; nothing as long as it has to wait."""
        answer = self.browser.get(f"/chat/+turn/{self._turn}/")
        assert answer.status_code in (200, 204)
        return answer.text


def test_an_answer_whose_server_was_killed_does_not_keep_its_page_waiting(scene):
    scene.standin.configure(slow=600, pace=15)
    in_silence = Asked(scene, "What is silence? SLOW")
    of_the_worker = Asked(scene, "What does the worker do? SLOW", by_script=False)
    in_words = Asked(scene, "How do I calibrate a pressure sensor?")
    wait_until(lambda: b"says" in in_words.heard, "the first words come")
    wait_until(lambda: of_the_worker.turn.state == in_silence.turn.state == TurnState.TAKEN, "both are being answered")
    assert WAITS in of_the_worker.browser.get(of_the_worker.page).text and of_the_worker.look() == ""
    scene.foyer.kill("web", "worker")
    scene.foyer.start("web", "worker")
    for asked in (in_silence, of_the_worker):
        wait_until(asked.look, "its page has waited enough")
        assert asked.turn.state == TurnState.INTERRUPTED
        page = asked.browser.get(asked.page).text
        assert WAITS not in page and str(NOTHING_KEPT) in page and "Ask again" in page
    wait_until(in_words.look, "what had come is shown")
    page = in_words.browser.get(in_words.page).text
    assert WAITS not in page and " says:" in page and in_words.turn.chat_id


def test_an_answer_that_takes_long_is_not_taken_for_dead(scene):
    scene.standin.configure(slow=12, pace=500)
    both = [Asked(scene, f"What takes long? SLOW {n}", by_script=bool(n)) for n in range(2)]
    for asked in both:
        wait_until(asked.look, "the answer comes")
        assert asked.turn.state == TurnState.DONE and asked.turn.chat_id


def taken(ada, seconds_ago: float | None) -> Turn:
    """By a process that gave its last sign of life then, or that gives none."""
    asked = {"workspace_id": 1, "workspace_slug": SLUG, "thread_slug": "t", "user_id": 7, "mode": "chat"}
    turn = turns.take(turns.open_turn(actor=ada, text="?", **asked).pk)
    assert turn and turn.alive_at is None, "tests give no signs of life"
    if seconds_ago is not None:
        turn.alive_at = timezone.now() - timedelta(seconds=seconds_ago)
        turn.save()
    return turn


@pytest.mark.parametrize(("seconds_ago", "is_dead"), [(None, False), (30, False), (60, True)])
def test_a_turn_ends_with_the_last_sign_of_life_and_counts_no_more(ada, seconds_ago, is_dead):
    turn = taken(ada, seconds_ago)
    assert turns.open_of(7) == (0 if is_dead else 1)
    turns.end_of_the_dead(turn)
    kept = turns.find(turn.pk)
    assert (kept.state, kept.ended_at) == (
        (TurnState.INTERRUPTED, kept.alive_at) if is_dead else (TurnState.TAKEN, None)
    )
    assert (turn.state, turn.ended_at) == (kept.state, kept.ended_at)
