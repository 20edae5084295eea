"""The lowest versions that pyproject.toml allows, as constraints for pip: `python tools/lowest.py > lowest.txt`."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def lowest() -> dict[str, str]:
    """For each requirement of the module and of its extras, the version after its `>=`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return dict(requirement.split(">=") for group in groups for requirement in group)


if __name__ == "__main__":
    print("\n".join(f"{name}=={version}" for name, version in lowest().items()))
