"""The page of a study: answer, limits, figures, tables, methods, provenance."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from isochron.files import to_json
from isochron.report.drawing import to_data_uri
from isochron.runs.results import to_json_values

PIXELS_PER_INCH = 110
SHORT_S = 360.0  # times below it are in seconds
NOT_KNOWN = "–"  # in a table


def format_known(value: float | None, style: str) -> str:
    """A number of a table; a dash if it is not known."""
    return NOT_KNOWN if value is None else f"{value:{style}}"


def format_interval(found: tuple[float, float] | None, style: str) -> str:
    """An interval of a table; a dash if it is not known."""
    return NOT_KNOWN if found is None else f"{found[0]:{style}} to {found[1]:{style}}"


@dataclass(frozen=True, kw_only=True)
class PageTable:
    """A table of texts.

    Attributes
    ----------
    title : str
    columns : sequence of str
    rows : sequence of sequence of str
    note : str
        Text below it.
    n_labels : {1, 2}
        Number of columns at the left that are labels, not numbers.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    n_labels: int = 2


@dataclass(frozen=True, kw_only=True)
class PageFigure:
    """A figure with its caption."""

    caption: str
    figure: Any

    @classmethod
    def of(cls, draw: Callable[[Any], Any], results: Any) -> Self:
        """What a function draws from results; its docstring is the caption."""
        return cls(caption=" ".join((draw.__doc__ or "").split()), figure=draw(results))

    @property
    def image(self) -> str:
        """The figure as a data URI."""
        return to_data_uri(self.figure)

    @property
    def width_px(self) -> int:
        """Largest width on the page."""
        return round(PIXELS_PER_INCH * self.figure.get_size_inches()[0])


@dataclass(frozen=True, kw_only=True)
class StudyPage:
    """What the report of a study shows.

    Attributes
    ----------
    command, question : str
    answer : sequence of str
        Findings, the main one first.
    caveats : sequence of str
        What the run cannot say.
    overview : PageFigure
        Figure of the first screen.
    play : str
        Text of a link to ``view.html`` below it; empty if there is no such page.
    figures : sequence of PageFigure
    tables : sequence of PageTable
    methods : mapping of str to str
        Terms and what they mean here.
    references : sequence of str
    results : any
        The results, with ``provenance``, ``config`` and ``seconds``; the time of a run without
        ``seconds`` is not shown.
    """

    command: str
    question: str
    answer: Sequence[str]
    caveats: Sequence[str]
    overview: PageFigure
    play: str = ""
    figures: Sequence[PageFigure] = ()
    tables: Sequence[PageTable] = ()
    methods: Mapping[str, str] = field(default_factory=dict)
    references: Sequence[str] = ()
    results: Any

    def render(self) -> str:
        """The page as HTML."""
        from isochron.report import fill_template

        return fill_template(
            "isochron.report",
            page=self,
            provenance=self.results.provenance,
            config=to_json(to_json_values(self.results.config)),
            spent=_spent(sum(self.results.seconds.values())),
        )


def _spent(seconds: float) -> str:
    """A time as text; empty if it is 0."""
    if seconds >= SHORT_S:
        return f"{seconds / 3600:.2f} hours of one core"
    return f"{seconds:.3g} s" if seconds else ""


def format_page(page_answer: Sequence[str], caveats: Sequence[str]) -> str:
    """Findings and limits for a terminal."""
    lines = [*page_answer, "", "This run cannot say:", *(f"  {line}" for line in caveats)]
    return "\n".join(lines)
