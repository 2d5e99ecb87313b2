"""python -m isochron."""

import sys

from isochron.cli import main

if __name__ == "__main__":
    sys.exit(main())
