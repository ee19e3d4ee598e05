"""`make bench`, or python -m bench users_page ...: the figures, each beside what it is compared with."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tempfile

FIGURES = ("users_page", "access_matrix", "library", "documents", "chatlog", "streams", "load")
ON_STAGE = ("users_page", "library", "documents", "chatlog", "streams")  # beside Foyer's real server
WITH_OPTIONS = "load"  # which sets its own stage, once for each database


def main() -> None:
    if sys.argv[1:2] == [WITH_OPTIONS]:
        from bench import load

        load.main(sys.argv[2:])
        return
    if len(sys.argv) == 2 and sys.argv[1] in ON_STAGE:
        from bench import stage

        with tempfile.TemporaryDirectory() as data:
            stage.use_settings(data)
            importlib.import_module(f"bench.{sys.argv[1]}").main()
        return
    for name in sys.argv[1:] or FIGURES:
        command = ["bench", name] if name in (*ON_STAGE, WITH_OPTIONS) else [f"bench.{name}"]
        subprocess.run([sys.executable, "-m", *command], check=True)


if __name__ == "__main__":
    main()
