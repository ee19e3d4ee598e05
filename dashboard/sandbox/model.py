"""The language model behind the stand-in. It quotes the documents it is given, and does what trap words in a question ask for."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from dashboard.sandbox import library
from dashboard.sandbox.config import Config
from dashboard.sandbox.store import Row, now

_NOTHING_FOUND = (
    "I have found nothing about this in the documents of this workspace, so take this as a general answer only: ask the person who looks"
    " after the subject, and add what you learn to the documents, so that the next one who asks finds it here."
)
_MARKDOWN = "**bold** `code` <b>html</b> \n\n1. one\n2. two\n\n```js\nconsole.log(1)\n```\n\n"
_TRAP_AFTER = 10


class ModelError(Exception):
    """The provider's words."""


@dataclass
class Reply:
    """One answer while it is made: iterate `tokens`, then ask for `text` and `metrics`."""

    config: Config
    question: str
    sources: list[Row] = field(default_factory=list)
    agent: bool = False
    text: str = ""
    _words: int = 0
    _begun: float = field(default_factory=time.monotonic)

    async def tokens(self) -> AsyncIterator[str]:
        """Pieces of the answer at the configured pace. Raises ModelError, at the start or in the middle; HANG and NOFINISH never end."""
        await self._start()
        for token in _pieces(compose(self.question, self.sources)):
            await asyncio.sleep(1 / self.config.pace)
            if self._words == _TRAP_AFTER:
                await self._trap()
            self._words += 1
            self.text += token
            yield token

    async def whole(self) -> str:
        """The whole answer at once. Raises ModelError."""
        await self._start()
        self.text = compose(self.question, self.sources)
        self._words = len(_pieces(self.text))
        await asyncio.sleep(self._words / self.config.pace)
        return self.text

    async def _start(self) -> None:
        longest = max(map(len, self.question.split()), default=0)
        if longest > 15_000:
            await _for_ever()  # the real one counts its tokens for minutes, and nothing else answers meanwhile
        if not self.config.llm_up or longest > 5_000:
            raise ModelError("Connection error.")
        if "ERROR500" in self.question:
            raise ModelError("500 The language model stand-in failed on purpose (ERROR500).")
        if "SLOW" in self.question:
            await asyncio.sleep(self.config.slow)

    async def _trap(self) -> None:
        if "MIDFAIL" in self.question:
            raise ModelError("Premature close")
        if "MIDERR" in self.question:
            raise ModelError("mid stream failure (MIDERR)")
        if "NOFINISH" in self.question or "HANG" in self.question:
            await _for_ever()

    @property
    def metrics(self) -> Row:
        duration = round(max(0.001, time.monotonic() - self._begun), 3)
        prompt = (
            len(self.question) // 4
            + sum(len(source["text"]) for source in self.sources) // 4
            + (900 if self.agent else 75)
        )
        return {
            "prompt_tokens": prompt,
            "completion_tokens": self._words,
            "total_tokens": prompt + self._words,
            "outputTps": self._words / duration,
            "duration": duration,
            "model": "lab-chat",
            "provider": "GenericOpenAiProvider" if self.agent else "GenericOpenAiLLM",
            "timestamp": now(),
        }


async def _for_ever() -> None:
    await asyncio.Event().wait()


def compose(question: str, sources: list[Row]) -> str:
    """The sentences of the sources that have most of the question's words."""
    wanted = library.words(question)
    parts = []
    for source in sorted(sources, key=lambda source: -len(wanted & library.words(source["text"])))[:2]:
        body = source["text"].partition("</document_metadata>")[2] or source["text"]
        lines = "\n".join(line for line in body.splitlines() if not line.startswith("#")) or body
        sentences = [" ".join(part.split()) for part in re.split(r"(?<=[.!?])\s+|\n+", lines) if part.strip()]
        best = sorted(dict.fromkeys(sentences), key=lambda sentence: -len(wanted & library.words(sentence)))[:2]
        quoted = " ".join(sentence for sentence in dict.fromkeys(sentences) if sentence in best)
        parts.append(f"{source['title']} says: {quoted}")
    answer = "\n\n".join(parts) or _NOTHING_FOUND
    return _MARKDOWN + answer if "MARKDOWN" in question else answer


def _pieces(text: str) -> list[str]:
    """Words with the space before them."""
    return re.findall(r"\s*\S+", text)
