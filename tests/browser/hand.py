"""A person's hand, and what a job costs it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Locator, Page


class Hand:
    """Counts clicks and fields as a person would. Counting starts on the signed-in home page, in a fresh profile.

    A click on anything counts one, the OK of a confirmation and Back too, and so does a key that submits. A text typed or pasted into one
    field counts one field. Choosing a file in the system's dialog counts one click. Scrolling does not count.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = self.fields = 0

    def click(self, target: Locator) -> None:
        self.clicks += 1
        target.click()

    def choose(self, select: Locator, option: str) -> None:
        """Opens a list and takes one of it."""
        self.clicks += 2
        select.select_option(label=option)

    def choose_files(self, opener: Locator, paths: Sequence[Path]) -> None:
        """Opens the system's dialog and takes files there, which lie side by side."""
        self.clicks += 2
        with self.page.expect_file_chooser() as dialog:
            opener.click()
        dialog.value.set_files(paths)

    def type(self, field: Locator, text: str) -> None:
        self.fields += 1
        field.press_sequentially(text)

    def submit(self, field: Locator, key: str = "Enter") -> None:
        self.clicks += 1
        field.press(key)

    @property
    def cost(self) -> str:
        return f"{self.clicks} / {self.fields}"

    def paid_at_most(self, clicks: int, fields: int) -> bool:
        return self.clicks <= clicks and self.fields <= fields
