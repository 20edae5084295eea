"""The name under which functions of matrices stood up to version 0.21; it goes with the next release."""

from typing import Any

NOW = {name: f"gaussian.{name}" for name in ("cholesky", "log_likelihood", "posterior", "sample")}
NOW |= {f"kronecker_{name}": f"kronecker.{name}" for name in ("log_likelihood", "posterior")}


def __getattr__(name: str) -> Any:
    """ImportError that says where it is."""
    if name not in NOW:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise ImportError(f"exact.{name}: has moved; take mtgp_tutorial.{NOW[name]}")
