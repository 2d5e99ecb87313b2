"""isochron view."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isochron.cli.common import debug_option, force_option, refuse_to_replace, report_file, say
from isochron.cli.options import PATH, SettingsCommand
from isochron.settings import setting

if TYPE_CHECKING:
    from isochron.workflows.view import ViewedRuns


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewSettings:
    """What a page shows."""

    title: str = setting("", "Title of the page")
    max_frames: int = setting(
        2000, "Largest number of samples of a run in the page; without --out the server of the "
        "page has the others",
    )  # fmt: skip
    live: bool = setting(False, "Follow runs (.zarr) that are being written, without --out")


@click.command(cls=SettingsCommand, settings={"page": ViewSettings})
@click.argument("runs", nargs=-1, required=True, type=PATH, metavar="RUN...")
@click.option("--out", type=PATH, metavar="FILE", help="File for the page (.html), to send on.")
@click.option(
    "--open/--no-open", "opens", default=None, help="Open a browser.  [default: without --out]"
)
@force_option
@click.option("--json", "as_json", is_flag=True, help="Print the file or the address as JSON.")
@debug_option
def view(
    runs: tuple[Path, ...], page: ViewSettings, out: Path | None, opens: bool | None,
    force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Play one to four runs (.zarr, .nc, or a folder of them) in a browser, on one clock.

    Without --out the page is served on this machine until Ctrl-C. Runs of one simulation by
    several engines are shown by their differences.

    Examples:

    \b
    isochron simulate --stimulate PLM=2000 --duration 20 --out run.zarr
    isochron view run.zarr
    isochron view run.zarr --out worm.html
    isochron view real.zarr rewired.zarr
    isochron view --live growing.zarr
    """
    if out is not None:
        if out.suffix != ".html":
            raise ValueError(f"--out must end in .html, got {str(out)!r}.")
        if page.live:
            raise ValueError("--live needs the server of the page; omit --out.")
        if not out.parent.is_dir():
            raise ValueError(f"The folder {out.parent} does not exist; make it first.")
        refuse_to_replace(out, force)
    from isochron.workflows.view import ViewedRuns

    viewed = ViewedRuns(runs, title=page.title, max_frames=page.max_frames, live=page.live)
    if out is None:
        _serve(viewed, opens is not False, as_json)
        return
    from isochron.files import write_bytes

    write_bytes(out, viewed.page().encode())
    report_file(out, as_json)
    if opens:
        _open(out.resolve().as_uri())


def _serve(viewed: "ViewedRuns", opens: bool, as_json: bool) -> None:
    from isochron.cli.common import print_json
    from isochron.view.server import PageServer

    def tell(url: str) -> None:
        if as_json:
            print_json({"url": url})
        else:
            say(f"{url}\nCtrl-C ends it.")
        if opens:
            _open(url)

    PageServer(viewed.page(served=True), viewed.answer).serve(tell)


def _open(url: str) -> None:
    import webbrowser

    webbrowser.open(url)
