"""Fuzzing of the readers: damaged files give documented errors, never a crash or a hang.

python -m tests.faults.fuzzing [READER ...] --seconds 30 --seed 0

Every reader of `tests.faults.corpus` gets its valid file with random damage: a right answer or an
error of a documented class is correct. Half of the files pass the check of their digest, so that
the damage reaches the code behind it. What is wrong is saved to build/fuzz.
"""

import argparse
import faulthandler
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from tests.faults.corpus import READERS

SPARE = 3 * 2**30  # bytes that a reader of a file of some kB may take
LONGEST_S = 20
TOKENS = [
    *(b"nan", b"inf", b"1e999", b"-1", b"0", b"9" * 25, b"0.5", b"true", b"null", b'""', b"x"),
    *(b"\0", b"\xff", b"\r\n", b"\n", b",", b'"', b"'", b"[", b"{", b"]", b"}", b"=", b"<", b">"),
    *(b"&x;", b"<!DOCTYPE a>", b"../", b"/dev/zero", b"[" * 3000, b"\xef\xbb\xbf", b"a.b.c."),
]
DIGESTS = (
    "isochron.connectome.recordings._hdf5.check_seal",
    "isochron.sims.storage.zarr_folder._verify",
    "isochron.ann_bridge.checkpoint.sha256",
    "isochron.ann_bridge.checkpoint.json_sha256",
    "isochron.ann_bridge.resume.sha256",
    "isochron.ann_bridge.resume.json_sha256",
    "isochron.sims.unfinished.sha256",
    "isochron.files.json_sha256",
)


class _Any(str):
    """A digest that equals every other one."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


@dataclass
class Findings:
    """What was wrong, once for each place in the code, and the number of files read."""

    n_files: int = 0
    n_read: int = 0
    errors: dict[str, str] = field(default_factory=dict)


def fuzz(
    name: str, folder: Path, *, seed: int, n_files: int = 10**9, seconds: float = 1e9
) -> Findings:
    """Read damaged files.

    Parameters
    ----------
    name : str
        Name of a reader.
    folder : Path
        Empty folder; the file that is being read is in its subfolder ``current``.
    seed : int
        Seed of the damage.
    n_files : int
        Number of files.
    seconds : float
        Time after which no further file is read.
    """
    reader, rng, found = READERS[name], random.Random(f"{name} {seed}"), Findings()
    whole, current = folder / "whole", folder / "current"
    whole.mkdir()
    path = reader.make(whole).relative_to(whole)
    target = whole / path
    ours = [target] if target.is_file() else sorted(p for p in target.rglob("*") if p.is_file())
    end = time.monotonic() + seconds
    while found.n_files < n_files and time.monotonic() < end:
        shutil.rmtree(current, ignore_errors=True)
        shutil.copytree(whole, current)
        victim = current / rng.choice(ours).relative_to(whole)
        victim.write_bytes(damaged(victim.read_bytes(), rng))
        found.n_files += 1
        with _digests_unchecked() if rng.random() < 0.5 else warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _read(name, current / path, found, folder)
    return found


def _read(name: str, path: Path, found: Findings, folder: Path) -> None:
    reader = READERS[name]
    faulthandler.dump_traceback_later(LONGEST_S, exit=True)
    try:
        reader.read(path)
        found.n_read += 1
    except reader.errors:
        pass
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "site-packages" not in frame.filename]
        where = f"{type(error).__name__} at {ours[-1].filename}:{ours[-1].lineno}"
        if where not in found.errors:
            found.errors[where] = "".join(traceback.format_exception(error)[-4:])
            shutil.copytree(folder / "current", folder / f"finding-{len(found.errors)}")
    finally:
        faulthandler.cancel_dump_traceback_later()


@contextmanager
def _digests_unchecked() -> Iterator[None]:
    patches = [patch(name, lambda *_, **__: _Any()) for name in DIGESTS]
    for one in patches:
        one.start()
    try:
        with warnings.catch_warnings():
            yield
    finally:
        for one in patches:
            one.stop()


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Content with one to four random changes."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4))):
        # Headers are at the start.
        size = len(changed) if rng.random() < 0.7 else min(len(changed), 512)
        at, length = rng.randrange(size + 1), rng.choice((1, 1, 2, 4, 8, 64))
        rng.choice(CHANGES)(changed, at, length, rng)
    return bytes(changed)


def _flip(changed: bytearray, at: int, length: int, rng: random.Random) -> None:
    if at < len(changed):
        changed[at] ^= 1 << rng.randrange(8)


def _overwrite(changed: bytearray, at: int, length: int, rng: random.Random) -> None:
    fill = rng.choice((b"\0" * length, b"\xff" * length, rng.randbytes(length)))
    changed[at : at + length] = fill


def _delete(changed: bytearray, at: int, length: int, rng: random.Random) -> None:
    del changed[at : at + length]


def _repeat(changed: bytearray, at: int, length: int, rng: random.Random) -> None:
    changed[at:at] = changed[at : at + 8 * length] * rng.choice((1, 2, 50))


def _insert(changed: bytearray, at: int, length: int, rng: random.Random) -> None:
    changed[at:at] = rng.choice(TOKENS)


def _replace_word(changed: bytearray, at: int, length: int, rng: random.Random) -> None:
    """A number or a word, from `at` to the next character that is neither."""
    end = at
    while end < len(changed) and (chr(changed[end]).isalnum() or changed[end] in b".-_"):
        end += 1
    changed[at:end] = rng.choice(TOKENS)


def _truncate(changed: bytearray, at: int, length: int, rng: random.Random) -> None:
    del changed[at:]


CHANGES = (_flip, _overwrite, _delete, _repeat, _insert, _replace_word, _replace_word, _truncate)


def _in_a_process(name: str, seconds: float, seed: int) -> bool:
    """Fuzz a reader in a process, which may crash; whether nothing was found."""
    saved = Path("build/fuzz") / name
    shutil.rmtree(saved, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", __spec__.name, name, "--inside", folder]
        command += ["--seconds", str(seconds), "--seed", str(seed)]
        code = subprocess.run(command, check=False).returncode
        if code not in (0, 1):
            print(f"{name}: the process ended with code {code}; see {saved / 'current'}")
        if code:
            shutil.copytree(folder, saved)
    return code == 0


def main() -> int:
    """Fuzz the given readers, or all; 1 if something was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("reader", nargs="*", choices=[*READERS, []], help="by default all")
    parser.add_argument("--seconds", type=float, default=30.0, help="for each reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside is None:
        names = given.reader or [*READERS]
        clean = [_in_a_process(name, given.seconds, given.seed) for name in names]
        return 0 if all(clean) else 1
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + SPARE, used + SPARE))
    (name,) = given.reader
    found = fuzz(name, given.inside, seed=given.seed, seconds=given.seconds)
    print(f"{name}: {found.n_files} files, {found.n_read} were read, {len(found.errors)} findings")
    for where, text in found.errors.items():
        print(f"{where}\n{text}")
    return 1 if found.errors else 0


if __name__ == "__main__":
    sys.exit(main())
