"""Files that are whole or as they were: everything that is kept is written here."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

MEND = {errno.ENOSPC: "make room", errno.EDQUOT: "make room", errno.ENAMETOOLONG: "pass a shorter name"}


class NotWritten(OSError, ValueError):
    """A file that could not be written: one sentence, with its path."""


def not_written(path: str | Path, name: str, error: OSError) -> NotWritten:
    """What to raise in place of an error while a file was written. name: of the argument that named it."""
    kept = "holds what it held before" if os.path.exists(path) else "does not exist"
    why, mend = error.strerror or error, MEND.get(error.errno or 0, "mend that")
    return NotWritten(f"{name}: {path} could not be written ({why}) and {kept}; {mend} and try again")


def write(path: str | Path, content: bytes | memoryview, name: str) -> None:
    """Write beside the file, flush to disk, put in its place: killed at any moment, it leaves the old file or the new.

    The rights of the old file stay, and no link is followed. name: of the argument that named the file. Raises
    NotWritten, as on a full disk; the old file is then as it was, and nothing stands beside it.
    """
    draft = f"{path}.{os.getpid()}.part"
    try:
        with contextlib.suppress(OSError):  # of a folder that may not be listed, or a draft that is not ours
            for left in _drafts(Path(path)):
                os.unlink(left)
        with open(draft, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(path):
            shutil.copymode(path, draft)
        os.replace(draft, path)
    except OSError as error:
        raise not_written(path, name, error) from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(draft)
    with contextlib.suppress(OSError):  # the new name has to reach the disk, too, where a folder can be flushed
        folder = os.open(Path(path).resolve().parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _drafts(path: Path) -> Iterator[Path]:
    """What killed processes left beside the file, also where it is a link that somebody put there."""
    for one in path.parent.iterdir():
        found = re.fullmatch(rf"{re.escape(path.name)}\.(\d{{1,9}})\.part", one.name)
        if found and not _runs(int(found[1])):
            yield one


def _runs(process: int) -> bool:
    """Whether another process of this number is there; where that cannot be asked, it is taken to be."""
    if process == os.getpid():
        return False
    if os.name != "posix":  # elsewhere a signal would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # somebody else's
    return True
