"""Whether a table fits into memory, said before work begins."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import torch

GIB = 2**30
CONTAINERS = (  # files that say how many bytes a container may hold, and how many it holds
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


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
    for paths in CONTAINERS:
        limit, used = (Path(path).read_text().strip() if os.access(path, os.R_OK) else "" for path in paths)
        if limit.isdigit() and used.isdigit() and int(limit) < total:
            total, free = int(limit), min(free, int(limit) - int(used))
    return total, free


def check_memory(entries: float, what: str, device: torch.device, remedy: str) -> None:
    """Raise MemoryError where matrices of so many entries exceed the memory there is, and warn where what is free.

    what: needs them; remedy: what the sentence ends in.
    """
    needed, (total, free) = 8 * entries, total_and_free(device)
    if needed > free:
        message = (
            f"{what} need about {needed / GIB:.1f} GiB, and there are {free / GIB:.1f} GiB "
            f"free of {total / GIB:.1f}; {remedy}"
        )
        if needed > total:
            raise MemoryError(message)
        warnings.warn(message, ResourceWarning, stacklevel=3)
