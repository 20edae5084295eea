"""Files that are whole or as they were: everything that is kept is written here."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
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
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft)  # of a process that was killed, or a link that somebody put there
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
