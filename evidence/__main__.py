"""python -m evidence walk: what is promised, tried in the open. The page of all of it is drawn by evidence.page."""

from __future__ import annotations

import importlib
import sys

# A part by its name: the module whose main() tries it, prints what came of it, and raises when something was not as promised.
PARTS = {"walk": "evidence.walk", "image": "evidence.image", "firefox": "evidence.firefox"}


def main() -> None:
    name, *options = sys.argv[1:] or [""]
    if name not in PARTS:
        sys.exit(f"Which part? {', '.join(PARTS)}")
    importlib.import_module(PARTS[name]).main(options)


if __name__ == "__main__":
    main()
