"""The lowest versions that pyproject.toml allows, as constraints for pip: `python tools/lowest.py > lowest.txt`."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def lowest() -> dict[str, str]:
    """For each requirement of the module, the version after its `>=`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    return dict(requirement.split(">=") for requirement in project["dependencies"])


if __name__ == "__main__":
    print("\n".join(f"{name}=={version}" for name, version in lowest().items()))
