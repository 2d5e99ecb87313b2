"""python -m isochron, and the command isochron."""

import os
import signal
import sys


def start() -> int:
    """Run the command line; SIGINT while it is being imported ends the process with one line."""

    def stop(number: int, frame: object) -> None:
        os.write(2, b"isochron: Interrupted.\n")
        os._exit(130)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, stop)
    from isochron.cli import main

    return main()


if __name__ == "__main__":
    sys.exit(start())
