"""The laws that the module must obey: plain functions that assert, used by pytest and by the planted bugs.

Each is exact algebra held to rounding error, or a fact that a textbook states; none is "small after training". A file
of this folder is found by itself.
"""

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from laws.common import RANDOM, close, dense_numpy, table, tensor, unfitted

ROOMS = [import_module(f"laws.{room.name}") for room in iter_modules(__path__) if room.name != "extensions"]
if find_spec("mtgp_tutorial.tables.report"):  # reading of files and the report; the core's laws hold without them
    ROOMS += [import_module("laws.extensions")]
LAWS = [law for room in ROOMS for name, law in vars(room).items() if name.startswith("law_")]

__all__ = ["LAWS", "RANDOM", "close", "dense_numpy", "table", "tensor", "unfitted"]
