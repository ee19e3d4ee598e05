"""Web and worker are killed at random moments, and started again: what people asked for comes out right, and nothing is there twice."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from dashboard.jobs.models import Job, JobState
from tests.conftest import THOROUGH
from tests.kills.ledger import lies, open_lines
from tests.kills.processes import wait_until
from tests.kills.works import WORKS, Joinings, Scene, Work

MOMENTS = 50 if THOROUGH else 6
A_ROUND = 6  # moments, after which everything is brought to its end and compared


@pytest.mark.matrix
def test_whoever_is_killed_whenever_the_end_is_right_and_nothing_is_doubled(scene, seed, figure):
    hit: Counter[str] = Counter()
    victims: Counter[str] = Counter()
    kinds = list(WORKS)
    for moment in range(MOMENTS):
        if moment % len(WORKS) == 0:
            scene.chance.shuffle(kinds)
        kind = kinds[moment % len(WORKS)]
        names = whom(scene, kind)
        come_to_the_middle(scene, kind, names)
        hit.update({work.kind for work in scene.works if not work.is_over()})
        scene.foyer.kill(*names)
        victims[" and ".join(names)] += 1
        scene.foyer.start(*names)
        if moment % A_ROUND == A_ROUND - 1 or moment == MOMENTS - 1:
            bring_to_its_end(scene)
            compare(scene)
    figure("kills: moments, at random", f"{MOMENTS} (seed {seed}), 0 wrong")
    figure("kills: who", ", ".join(f"{who} {n}" for who, n in victims.most_common()))
    figure("kills: under way just then", ", ".join(f"{what} {n}" for what, n in hit.most_common()))
    figure("kills: lines of the ledger left open", open_lines())


def whom(scene: Scene, kind: type[Work]) -> list[str]:
    """Whoever has to do with it rather than not."""
    both, doing = ["web", "worker"], ["worker"] if kind.worker_does_it else ["web"]
    other = ["web"] if kind.worker_does_it else ["worker"]
    return scene.chance.choices([doing, both, other], [5, 4, 1])[0]


def come_to_the_middle(scene: Scene, kind: type[Work], names: list[str]) -> None:
    """Begins one of these, and lets it come to some of its steps, whatever time they take, and somewhere within the next one."""
    scene.foyer.wait_until_it_answers()
    for _once_more in range(20):
        work = scene.begin(kind)
        steps = 0 if names == ["web"] and kind.worker_does_it else scene.chance.randrange(kind.size)
        wait_until(lambda work=work, steps=steps: work.has_come_to(steps), f"{work.name} comes to step {steps}")
        time.sleep(scene.chance.uniform(0, 0.6))
        scene.foyer.note(f"{work.name} has come to step {work.progress()} of {work.size}")
        if not work.is_over():  # on a fast machine it may be
            return
    raise AssertionError(f"no {kind.kind} is ever under way")


def bring_to_its_end(scene: Scene) -> None:
    for work in scene.works:
        wait_until(work.is_over, f"the end of {work.name}")
    scene.foyer.note("all is over")


def compare(scene: Scene) -> None:
    """Every work by itself, then everything that is there, so that nothing is there that nobody asked for."""
    for work in scene.works:
        if not work.compared:
            work.compare()
            work.compared = True
    standin = scene.standin
    assert standin.users() == scene.users
    assert standin.members() == scene.members
    assert standin.embedded() == scene.embedded
    assert not [passage for passage, times in standin.passages().items() if times != max(1, scene.passages[passage])]
    minted = standin.invites()[scene.invites :]
    assert "pending" not in {status for status, _by in minted}
    claimed = [by for _status, by in minted if by]
    assert len(claimed) == len(set(claimed)) == sum(work.size for work in scene.works if isinstance(work, Joinings))
    assert not Job.objects.exclude(state=JobState.DONE).exists()
    assert lies(scene) == []
