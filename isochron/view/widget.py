"""The page as a widget of a notebook; needs anywidget."""

from typing import Any

import anywidget  # pyright: ignore[reportMissingImports]  # of the extra notebook
import traitlets

from isochron.view.packing import split
from isochron.view.page import PageContent, bundle, page_body, page_style


class PageWidget(anywidget.AnyWidget):
    """A page in a notebook, whose time and selection are shared with Python.

    Attributes
    ----------
    time : float
        Time that is shown, ms. Setting it moves the page; a click or a pause in the page sets it,
        and playing five times a second.
    selected : list of str
        Names of the selected units, in both directions.
    """

    _esm = bundle() + "export default { render: isochronPage.render };\n"
    _data = traitlets.Dict().tag(sync=True)
    _arrays = traitlets.Bytes().tag(sync=True)
    _body = traitlets.Unicode().tag(sync=True)
    _style = traitlets.Unicode().tag(sync=True)
    time = traitlets.Float(0.0).tag(sync=True)
    selected = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, content: PageContent, **traits: Any) -> None:
        data, arrays = split(content.data)
        first = float(min(run.recorded.times[0] for run in content.viewed))
        super().__init__(
            _data=data,
            _arrays=arrays,
            _body=str(page_body(content)),
            _style=page_style(),
            **{"time": first} | traits,
        )
