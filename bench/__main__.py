"""`make bench`, or python -m bench users_page ...: the figures, each beside what it is compared with."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tempfile

FIGURES = ("users_page", "access_matrix", "library", "documents", "chatlog", "streams")
ON_STAGE = ("users_page", "library", "documents", "chatlog", "streams")  # beside Foyer's real server


def main() -> None:
    if len(sys.argv) == 2 and sys.argv[1] in ON_STAGE:
        from bench import stage

        with tempfile.TemporaryDirectory() as data:
            stage.use_settings(data)
            importlib.import_module(f"bench.{sys.argv[1]}").main()
        return
    for name in sys.argv[1:] or FIGURES:
        command = ["bench", name] if name in ON_STAGE else [f"bench.{name}"]
        subprocess.run([sys.executable, "-m", *command], check=True)


if __name__ == "__main__":
    main()
