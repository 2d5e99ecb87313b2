"""The source of the package, which must not change between a command and its workers."""

from functools import cache
from pathlib import Path

from isochron.files import DataFileError, sha256


@cache
def source_digest() -> str:
    """SHA-256 of all Python files of the package: code of the same version may differ."""
    import isochron

    root = Path(isochron.__file__).parent
    folders = [root, *(root / name for name in ("connectome", "sims", "ann_bridge", "analysis"))]
    files = {path.relative_to(root) for folder in folders for path in folder.rglob("*.py")}
    parts = (f"{path.as_posix()}\n".encode() + (root / path).read_bytes() for path in sorted(files))
    return sha256(parts)


def changed_source(path: Path, what: str) -> DataFileError:
    """The error of a worker whose source is not that of the command.

    Parameters
    ----------
    path : Path
        Folder of the results.
    what : str
        ``sweep`` or ``run``.
    """
    return DataFileError(
        f"The source of isochron has changed since the {what} in {path} was started; results of "
        "two versions are not mixed. Restore the source, and the same command continues; or start "
        "again with a different --out."
    )
