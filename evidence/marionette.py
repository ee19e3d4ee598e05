"""A little of WebDriver, spoken to Firefox itself: its remote protocol, Marionette, is what geckodriver translates to. No driver is needed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.project.processes import free_port

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the name that WebDriver gives to a reference
ENTER, ESCAPE, TAB = "\ue007", "\ue00c", "\ue004"
WAITS = 60  # seconds, on a busy machine
# Nothing is asked of anybody but this machine: all else goes to a proxy that nobody is.
PREFERENCES = {
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "intl.accept_languages": "en-GB, en",
    "intl.locale.requested": "en-US",
    "dom.webnotifications.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
}
LABELLED = """
const words = (element) => element.textContent.replace(/\\s+/g, " ").trim();
const label = [...document.querySelectorAll("label, [aria-label]")].find((element) =>
  (element.control ?? element).checkVisibility?.() &&
  (element.getAttribute("aria-label") ?? words(element)).startsWith(arguments[0]));
return label && (label.control ?? label);
"""
NAMED = """
const words = (element) => (element.getAttribute("aria-label") ?? element.innerText).replace(/\\s+/g, " ").trim();
return [...document.querySelectorAll(arguments[0])].find((element) =>
  element.checkVisibility() && !element.disabled && (!arguments[1] || words(element).includes(arguments[1])));
"""
# What the browser complains about on our pages: scripts that fail, and what the content security policy forbids.
COMPLAINTS = """
return Services.console.getMessageArray()
  .filter((line) => line instanceof Ci.nsIScriptError && (line.sourceName ?? "").startsWith(arguments[0]))
  .filter((line) => !(line.flags & Ci.nsIScriptError.warningFlag) || /CSP|Content Security/i.test(line.category))
  .map((line) => `${line.sourceName}: ${line.errorMessage}`);
"""


class Firefox:
    """Headless, with a profile of its own in `folder`."""

    def __init__(self, folder: Path, program: str) -> None:
        port = free_port()
        preferences = {**PREFERENCES, "marionette.port": port}
        folder.mkdir(parents=True)
        (folder / "user.js").write_text(
            "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items())
        )
        command = [program, "--headless", "--no-remote", "--marionette", "--remote-allow-system-access"]
        with (folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                [*command, "--profile", str(folder)],
                env={**os.environ, "HOME": str(folder)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._line = self._connect(port)
        self._incoming = self._line.makefile("rb")
        self._number = 0
        self._receive()  # it greets
        self.version = self._ask("WebDriver:NewSession")["capabilities"]["browserVersion"]
        self._ask("WebDriver:SetTimeouts", script=4 * WAITS * 1000, pageLoad=4 * WAITS * 1000)

    def _connect(self, port: int) -> socket.socket:
        deadline = time.monotonic() + WAITS
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=5 * WAITS)
            except OSError:
                assert time.monotonic() < deadline and self._process.poll() is None, "Firefox does not start."
                time.sleep(0.2)

    def _receive(self) -> Any:
        length = b""
        while (byte := self._incoming.read(1)) != b":":
            assert byte, "Firefox hung up."
            length += byte
        return json.loads(self._incoming.read(int(length)))

    def _ask(self, command: str, **parameters: Any) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, command, parameters]).encode()
        self._line.sendall(str(len(message)).encode() + b":" + message)
        _kind, number, error, result = self._receive()
        assert number == self._number and error is None, f"{command}: {error}"
        return result

    def quit(self) -> int:
        self._ask("Marionette:Quit", flags=["eForceQuit"])
        self._line.close()
        return self._process.wait(WAITS)

    # --- What a person does ---------------------------------------------------------------------------------------------
    def open(self, url: str) -> None:
        self._ask("WebDriver:Navigate", url=url)

    def back(self) -> None:
        self._ask("WebDriver:Back")

    def forget_cookies(self) -> None:
        self._ask("WebDriver:DeleteAllCookies")

    def window(self, width: int, height: int = 900) -> None:
        self._ask("WebDriver:SetWindowRect", width=width, height=height)

    def click(self, what: str, words: str = "") -> None:
        self._ask("WebDriver:ElementClick", id=self.named(what, words)[ELEMENT])

    def fill(self, label: str, text: str) -> None:
        field = self.wait_for(lambda: self.evaluate(LABELLED, label), f"the field {label}")[ELEMENT]
        self._ask("WebDriver:ElementClear", id=field)
        self._ask("WebDriver:ElementSendKeys", id=field, text=text)

    def send_keys(self, selector: str, text: str) -> None:
        found = self._ask("WebDriver:FindElement", using="css selector", value=selector)["value"]
        self._ask("WebDriver:ElementSendKeys", id=found[ELEMENT], text=text)

    def press(self, key: str) -> None:
        """Where the focus is."""
        here = self._ask("WebDriver:GetActiveElement")["value"]
        self._ask("WebDriver:ElementSendKeys", id=here[ELEMENT], text=key)

    # --- What a person sees ---------------------------------------------------------------------------------------------
    def evaluate(self, script: str, *arguments: Any) -> Any:
        return self._ask("WebDriver:ExecuteScript", script=script, args=list(arguments))["value"]

    def evaluate_later(self, script: str, *arguments: Any) -> Any:
        """The script calls its last argument with the answer."""
        return self._ask("WebDriver:ExecuteAsyncScript", script=script, args=list(arguments))["value"]

    def named(self, what: str, words: str = "") -> Any:
        return self.wait_for(lambda: self.evaluate(NAMED, what, words), f"{what} “{words}”")

    def sees(self, words: str, where: str = "body") -> None:
        script = "return document.querySelector(arguments[0])?.innerText.includes(arguments[1])"
        self.wait_for(lambda: self.evaluate(script, where, words), f"“{words}” in {where}")

    def wait_for(self, true: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + WAITS
        while not (found := true()):
            assert time.monotonic() < deadline, f"Firefox waited in vain for {what} on {self.url}:\n{self.text()}"
            time.sleep(0.1)
        return found

    @property
    def url(self) -> str:
        return self._ask("WebDriver:GetCurrentURL")["value"]

    def text(self, where: str = "body") -> str:
        return self.evaluate("return document.querySelector(arguments[0])?.innerText ?? ''", where)

    def complaints(self, origin: str) -> list[str]:
        self._ask("Marionette:SetContext", value="chrome")
        found = self._ask("WebDriver:ExecuteScript", script=COMPLAINTS, args=[origin])["value"]
        self._ask("Marionette:SetContext", value="content")
        return found
