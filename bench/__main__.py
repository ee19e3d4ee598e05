"""`make bench`, or python -m bench users_page ...: the figures, each beside what it is compared with."""

from __future__ import annotations

import subprocess
import sys
import tempfile

FIGURES = ("users_page", "access_matrix")


def main() -> None:
    if sys.argv[1:] == ["users_page"]:
        from bench import stage, users_page

        with tempfile.TemporaryDirectory() as data:
            stage.use_settings(data)
            users_page.main()
        return
    for name in sys.argv[1:] or FIGURES:
        command = ["bench", name] if name == "users_page" else [f"bench.{name}"]
        subprocess.run([sys.executable, "-m", *command], check=True)


if __name__ == "__main__":
    main()
