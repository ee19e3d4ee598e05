from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dashboard.sandbox.conformance import Report, replay


class Command(BaseCommand):
    help = "Replay recordings of a real AnythingLLM against the stand-in and count how many answers are alike."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, help="recordings, one JSON object a line; uploaded files lie in files/ beside it"
        )
        parser.add_argument("--only", type=Path, help="a file of names, one a line: count these only")

    def handle(self, *args: Any, file: Path, only: Path | None, **options: Any) -> None:
        try:
            names = set(only.read_text(encoding="utf-8").split()) if only else None
            outcomes = replay(file)
        except OSError as error:
            raise CommandError(str(error)) from error
        for line in Report(outcomes, names).lines():
            self.stdout.write(line)
