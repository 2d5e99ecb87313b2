"""A Chromium without a window, driven through a pair of pipes (DevTools protocol)."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = (
    "--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--no-first-run",
    "--disable-extensions", "--hide-scrollbars", "--disable-background-networking",
    "--disable-dev-shm-usage", "--force-color-profile=srgb",
)  # fmt: skip
SOFTWARE = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")


def executable() -> str | None:
    """Path of a Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One page of a browser; use it as a context.

    Attributes
    ----------
    messages : list of str
        What the page wrote to the console, and errors that it did not catch.
    requests : list of str
        Addresses that the page asked for.
    """

    def __init__(self, *options: str, size: tuple[int, int] = (1280, 900)) -> None:
        self.messages: list[str] = []
        self.requests: list[str] = []
        self._number = 0
        self._rest = b""
        self._session: str | None = None
        self._profile = tempfile.mkdtemp(prefix="chromium-")
        command_in, self._commands = os.pipe()
        self._answers, answer_out = os.pipe()
        window = f"--window-size={size[0]},{size[1]}"
        path = executable()
        assert path is not None
        options = (*OPTIONS, *options, window, f"--user-data-dir={self._profile}", "about:blank")
        # The browser reads commands from descriptor 3 and answers on 4.
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" "$@" 3<&{command_in} 4>&{answer_out}', path, *options],
            pass_fds=(command_in, answer_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(command_in)
        os.close(answer_out)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.resize(*size)

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self._session = None
        try:
            self.call("Browser.close")
            self._process.wait(10)
        except (TimeoutError, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._commands)
        os.close(self._answers)
        shutil.rmtree(self._profile, ignore_errors=True)

    def call(self, method: str, *, timeout: float = 60, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + timeout
        while True:
            answer = self._read(end)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self._note(answer)

    def _read(self, end: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._answers], [], [], max(0, end - time.monotonic()))
            part = os.read(self._answers, 1 << 16) if ready else b""
            if not part:
                raise TimeoutError("The browser does not answer.")
            self._rest += part
        text, _, self._rest = self._rest.partition(b"\0")
        return json.loads(text)

    def _note(self, event: dict[str, Any]) -> None:
        method, parameters = event.get("method"), event.get("params", {})
        if method == "Runtime.consoleAPICalled":
            texts = [str(part.get("value", part.get("description"))) for part in parameters["args"]]
            self.messages.append(" ".join(texts))
        elif method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            thrown = details.get("exception", {}).get("description", details["text"])
            self.messages.append(thrown)
        elif method == "Log.entryAdded":
            self.messages.append(parameters["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])

    def open(self, path: Path | str, *, fragment: str = "", wait: float = 60) -> None:
        """Open a file or an address and wait until the page is drawn."""
        url = path if isinstance(path, str) else path.resolve().as_uri()
        self.call("Page.navigate", url="about:blank")
        self.messages.clear()
        self.requests.clear()
        self.call("Page.navigate", url=url + fragment)
        self.until("document.body && (document.body.classList.contains('ready') || "
                   "document.querySelector('#status.failed') !== null)", wait)  # fmt: skip

    def until(self, expression: str, wait: float = 60) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + wait
        while not self.evaluate(expression):
            if time.monotonic() > end:
                raise TimeoutError(f"{expression} is not true; {self.messages}")
            time.sleep(0.05)

    def evaluate(self, expression: str) -> Any:
        """Value of an expression of JavaScript in the page; promises are awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def resize(self, width: int, height: int, *, mobile: bool = False) -> None:
        """Size of the page in pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=2 if mobile else 1, mobile=mobile,
        )  # fmt: skip

    def prefer(self, **features: str) -> None:
        """Preferences of the user: prefers_color_scheme="dark", prefers_reduced_motion="reduce"."""
        given = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
        self.call("Emulation.setEmulatedMedia", features=given)

    def screenshot(self, *, whole: bool = False) -> bytes:
        """PNG of the page, or of the whole of it."""
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(answer["data"])

    def click(self, x: float, y: float, *, modifiers: int = 0) -> None:
        """Click at a pixel of the page."""
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            button = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
            self.call(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, modifiers=modifiers, **button
            )

    def press(self, key: str, code: int = 0, text: str = "") -> None:
        """Press a key."""
        given: dict[str, Any] = {"key": key, "windowsVirtualKeyCode": code}
        if text:
            given["text"] = text
        self.call("Input.dispatchKeyEvent", type="keyDown", **given)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def type(self, text: str) -> None:
        """Type text into the element that has the focus."""
        for letter in text:
            self.press(letter, text=letter)
