"""Whether a table fits into memory, said before work begins."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import torch

GIB = 2**30
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of a container
USED = ("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes")


def _numbers(paths: tuple[str, ...]) -> list[int]:
    """What those of the files hold that can be read and hold a number."""
    texts = [Path(path).read_text().strip() for path in paths if os.access(path, os.R_OK)]
    return [int(text) for text in texts if text.isdigit()]


def total_and_free(device: torch.device) -> tuple[int, int]:
    """Bytes that the device, the machine or its container has, and those that are free."""
    if device.type == "cuda" and torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info(device)
        return total, free
    page = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
    if page <= 0:
        return 2**62, 2**62  # not known here: nothing is refused
    total = page * os.sysconf("SC_PHYS_PAGES")
    meminfo = Path("/proc/meminfo")
    lines = meminfo.read_text().split("\n") if meminfo.exists() else []
    free = next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable")), total)
    for limit, used in zip(_numbers(LIMITS), _numbers(USED)):
        if limit < total:
            total, free = limit, min(free, limit - used)
    return total, free


def check_memory(needed: float, cells: int, device: torch.device) -> None:
    """Raise MemoryError if that many bytes are more than there are at all; warn if they are more than are free."""
    total, free = total_and_free(device)
    if needed > free:
        message = (
            f"data: {cells} observed cells need about {needed / GIB:.1f} GiB, and there are {free / GIB:.1f} GiB free "
            f"of {total / GIB:.1f}; leave out tasks, or thin out rows"
        )
        if needed > total:
            raise MemoryError(message)
        warnings.warn(message, ResourceWarning, stacklevel=3)
