"""A page to look at runs: one HTML file for the browser, notebooks and reports."""

from typing import TYPE_CHECKING

from isochron.lazy import lazy_names

if TYPE_CHECKING:
    from isochron.view.notebook import show
    from isochron.view.page import build_page, write_page
    from isochron.view.states import from_states

__all__ = ["build_page", "from_states", "show", "write_page"]
__getattr__, __dir__ = lazy_names(__name__)
