"""A page behind an address of this machine, for a browser on it, and what it asks for."""

import secrets
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"


class PageServer(ThreadingHTTPServer):
    """Serves one page at an address with a random port and a random path.

    Only this machine reaches it, only by GET, and only by its address: a request that was sent
    to a different host name (DNS rebinding) or path gets nothing.

    Parameters
    ----------
    page : str
        The page.
    answer : callable, optional
        Function from a path below that of the page (``block/0/3``) to JSON, or None if there is
        no such path. A ValueError or an OSError is an answer with the status 503.

    Attributes
    ----------
    page : bytes
    url : str
        Address of the page.
    """

    daemon_threads = True

    def __init__(self, page: str, answer: Callable[[str], str | None] | None = None) -> None:
        super().__init__((HOST, 0), partial(_Handler, self))
        self.page = page.encode()
        self.answer = answer or (lambda path: None)
        self.path = f"/{secrets.token_urlsafe(16)}/"
        self.authority = f"{HOST}:{self.server_address[1]}"
        self.url = f"http://{self.authority}{self.path}"

    def serve(self, opened: Callable[[str], Any]) -> None:
        """Serve until an interrupt; `opened` is called with the address before."""
        try:
            opened(self.url)
            self.serve_forever(poll_interval=0.2)
        finally:
            self.server_close()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, pages: PageServer, *arguments: Any) -> None:
        self.pages = pages
        super().__init__(*arguments)

    def do_GET(self) -> None:  # noqa: N802  # the name that http.server calls
        """The page, what it asks for, or an error without content."""
        if self.headers.get("Host") != self.pages.authority:
            self.send_error(403)
        elif self.path == self.pages.path:
            self._send(self.pages.page, "text/html")
        elif self.path.startswith(self.pages.path):
            self._answer(self.path.removeprefix(self.pages.path))
        else:
            self.send_error(404)

    def _answer(self, path: str) -> None:
        try:
            found = self.pages.answer(path)
        except (ValueError, OSError):  # a run that is damaged or deleted in the meantime
            self.send_error(503)
            return
        if found is None:
            self.send_error(404)
        else:
            self._send(found.encode(), "application/json")

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def version_string(self) -> str:
        """Name without versions."""
        return "isochron"

    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing."""


_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
