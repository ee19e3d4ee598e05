"""A newcomer's walk: a fresh clone, an empty home, `make run`; then every main act done and every page opened in a browser.

Each act is done by hand in Chromium and believed only when the stand-in, asked past Foyer, says the same. The pictures go into docs/walk.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from dashboard.sandbox import COMMON_PASSWORD, DEFAULT_API_KEY
from evidence import fresh
from tests.project.processes import free_port, nobody_listens


def main(options: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m evidence walk", description=__doc__)
    parser.add_argument("--to", type=Path, default=fresh.ROOT / "docs" / "walk", help="the folder for the pictures")
    pictures = parser.parse_args(options).to
    with tempfile.TemporaryDirectory(prefix="newcomer-") as folder:
        walk(Path(folder), pictures)


def walk(folder: Path, pictures: Path) -> None:
    clone = fresh.clone(folder / "foyer")
    home, port, instance_port = folder / "home", free_port(), free_port()
    variables = {"PORT": str(port), "SANDBOX_PORT": str(instance_port)}
    environment = fresh.environment(home, fresh.our_python(), **variables)
    assert not list(home.iterdir())
    print("git clone into an empty folder, with an empty home.")
    with fresh.started(["make", "run"], clone, folder / "log", environment) as foyer:
        seconds = foyer.wait_until(lambda: "Foyer is ready" in foyer.said(), "it was ready")
        print(f"make run: everything set up and ready after {seconds:.0f} s.")
        assert f"ada / {COMMON_PASSWORD}" in foyer.said()
        look_around(
            f"http://localhost:{port}",
            fresh.Instance(f"http://127.0.0.1:{instance_port}", DEFAULT_API_KEY),
            clone,
            pictures,
        )
        seconds = foyer.press_ctrl_c()
        assert foyer.left() == []
        assert nobody_listens(port) and nobody_listens(instance_port)
        assert "Traceback" not in foyer.said(), foyer.said()
        print(f"Ctrl-C: all of it ended within {seconds:.1f} s; nothing is left running.")


def look_around(url: str, instance: fresh.Instance, clone: Path, pictures: Path) -> None:
    fresh.know_the_pages()
    from evidence import acts
    from tests.browser.conftest import Foyer, launched

    instance.password = COMMON_PASSWORD
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    with sync_playwright() as playwright:
        browser = launched(playwright)
        walker = acts.Walker(Foyer(url, clone / "var", browser, COMMON_PASSWORD), instance, pictures)
        for number, act in enumerate(acts.ACTS, 1):
            act(walker)
            print(f"{number:>2}. {act.__doc__}", flush=True)
        assert walker.foyer.said == [], walker.foyer.said
        browser.close()
    taken = sorted(pictures.glob("*.png"))
    print(
        f"{len(acts.ACTS)} acts done, {walker.opened} pages opened, {len(taken)} pictures taken; the console stayed empty."
    )
