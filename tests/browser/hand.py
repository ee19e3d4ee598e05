"""A person's hand, and what a job costs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page


@dataclass(frozen=True, slots=True)
class Job:
    """Something done every day: what it costs on AnythingLLM's own pages, and what it may cost in Foyer, in clicks and fields."""

    what: str
    there: str
    clicks: int
    fields: int


# With 1,000 people and 200 workspaces. One of each is done, and counted, by a test that says `hand.paid(number, figure)`.
JOBS = {
    1: Job("create a user", "5 / 2, no message", 3, 2),
    2: Job("suspend one of 1,000 people", "5 / 0, no search, 46 screens to scroll", 4, 1),
    3: Job("reset somebody's password", "5 / 1, their old session stays", 4, 1),
    4: Job("invite one person to two workspaces and copy the link", "8 / 0", 6, 1),
    5: Job("join by the link, up to the first question", "2 / 3", 2, 3),
    6: Job("give 12 people access to 3 workspaces", "49 / 36, once per workspace", 8, 2),
    7: Job("see everything one person may open", "about 400, not possible in one place", 2, 1),
    8: Job("lock a leaver out and remove them from all workspaces", "30 / 5, and job 7 first", 4, 1),
    9: Job("put 10 files into 2 workspaces, searchable", "20 / 0", 6, 0),
    10: Job("who asked what in workspace X last week", "20 / 0, 360 rows read by eye", 4, 1),
}


class Hand:
    """Counts clicks and fields as a person would. Counting starts on the signed-in home page, in a fresh profile.

    A click on anything counts one, the OK of a confirmation and Back too, and so does a key that submits. A text typed or pasted into one
    field counts one field. Choosing a file in the system's dialog counts one click. Scrolling does not count.

    It waits for a page to be loaded, as a click before that may open a page of its own in place of a dialog.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = self.fields = 0

    def click(self, target: Locator) -> None:
        self.clicks += 1
        self._wait_for(target)
        target.click()

    def choose(self, select: Locator, option: str) -> None:
        """Opens a list and takes one of it."""
        self.clicks += 2
        select.select_option(label=option)

    def choose_files(self, opener: Locator, paths: Sequence[Path]) -> None:
        """Opens the system's dialog and takes files there, which lie side by side."""
        self.clicks += 2
        self._wait_for(opener)
        with self.page.expect_file_chooser() as dialog:
            opener.click()
        dialog.value.set_files(paths)

    def type(self, field: Locator, text: str) -> None:
        self.fields += 1
        field.press_sequentially(text)

    def submit(self, field: Locator, key: str = "Enter") -> None:
        self.clicks += 1
        field.press(key)

    def _wait_for(self, target: Locator) -> None:
        target.wait_for()
        self.page.wait_for_load_state()

    @property
    def cost(self) -> str:
        return f"{self.clicks} / {self.fields}"

    def paid(self, number: int, figure: Callable[..., None]) -> None:
        """Job done: one line of the table of jobs, and not more than promised."""
        job = JOBS[number]
        at_most = f"{job.clicks} / {job.fields}; AnythingLLM: {job.there}"
        figure(f"job {number:>2}: {job.what}", f"{self.cost} clicks / fields", at_most)
        assert self.paid_at_most(job.clicks, job.fields)

    def paid_at_most(self, clicks: int, fields: int) -> bool:
        return self.clicks <= clicks and self.fields <= fields
