"""The page in a notebook: a widget where anywidget is installed, else a frame."""

from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isochron.view.widget import PageWidget


class NotebookPage:
    """A page that notebooks display in a frame.

    Attributes
    ----------
    html : str
        The page, as of `build_page`.
    height : int
        Height of the frame in pixels.
    """

    def __init__(self, html: str, height: int) -> None:
        self.html = html
        self.height = height

    def _repr_html_(self) -> str:
        """The page in a frame that has no access to the notebook."""
        return (
            f'<iframe srcdoc="{escape(self.html)}" sandbox="allow-scripts allow-downloads" '
            f'style="width: 100%; height: {self.height}px; border: 0" title="isochron"></iframe>'
        )


def show(runs: Any, *, height: int = 900, **options: Any) -> "PageWidget | NotebookPage":
    """Show runs in a notebook: the last expression of a cell displays the page.

    With the extra ``isochron[notebook]`` it is a widget (JupyterLab, VS Code, Colab, marimo) whose
    ``time`` (ms) and ``selected`` (names) are shared with Python: a click in the page is a value
    in Python, and setting a value moves the page.

    Parameters
    ----------
    runs : xarray.Dataset, or a sequence or mapping of them
        One to four runs; see `build_page`.
    height : int
        Height of the frame in pixels; a widget is as high as its content.
    **options
        Options of `build_page`.

    Returns
    -------
    PageWidget or NotebookPage
        The widget; without anywidget a frame, of which ``html`` is the page.

    Raises
    ------
    ValueError
        As `build_page`, or if the height is less than 100.

    Examples
    --------
    >>> wave = np.sin(np.arange(0, 40, 0.1)[:, None] - np.arange(8))
    >>> shown = view.show(view.from_states(wave, step_ms=10), height=600)
    >>> type(shown).__name__ in ("PageWidget", "NotebookPage")
    True
    """
    from isochron.view.page import build_page, read_runs

    if height < 100:
        raise ValueError(f"height must be 100 pixels or more, got {height!r}.")
    if find_spec("anywidget") is None:
        return NotebookPage(build_page(runs, **options), height)
    from isochron.view.widget import PageWidget

    return PageWidget(read_runs(runs, **options))
