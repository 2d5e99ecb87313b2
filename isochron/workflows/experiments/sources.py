"""Files of networks and runs that an experiment reads: their digests."""

from pathlib import Path

from isochron.ann_bridge.checkpoint import net_files
from isochron.files import MissingDataFileError, file_sha256, sha256
from isochron.workflows.rhythm_search import DATASETS
from isochron.workflows.search import find_nets


def source_digest(value: str) -> dict[str, str]:
    """SHA-256 of the files of one network or run, by its path.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If the path is a folder with several networks.
    """
    path = Path(value)
    if path.suffix in DATASETS:
        files = sorted(it for it in path.rglob("*") if it.is_file()) if path.is_dir() else [path]
        if not files or not files[0].is_file():
            raise MissingDataFileError(f"{path} does not exist.")
        return {value: _digest(files, path)}
    nets = find_nets(path)
    if len(nets) > 1:
        raise ValueError(
            f"{path} has {len(nets)} networks; a run takes one. List them in axes.source."
        )
    pair = sorted(it for it in net_files(nets[0]) if it.is_file())
    return {value: _digest(pair, nets[0].parent)}


def _digest(files: list[Path], folder: Path) -> str:
    return sha256(
        part
        for file in files
        for part in (file.relative_to(folder).as_posix().encode(), file_sha256(file).encode())
    )
