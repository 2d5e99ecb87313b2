"""Console of rich that does not end the process."""

from rich.console import Console


class PipedConsole(Console):
    """A console that raises `BrokenPipeError` when the reader of its output is gone.

    The console of rich exits with code 1 then, which hides why.
    """

    def on_broken_pipe(self) -> None:
        """Raise the error for the command line."""
        raise BrokenPipeError
