"""Makes all stored studies again: `make studies`. Can be interrupted; what is done is not done again.

The two that sample by NUTS need NumPyro, which comes into an environment of its own, on top of this one.
"""

import argparse
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
STUDIES = ROOT / "book" / "studies"
MINUTES = 261  # of all, on two cores; what each took is printed


def with_numpyro() -> str:
    """The interpreter of an environment that has NumPyro, and all else from this one; made on first use."""
    folder = ROOT / ".peers" / "numpyro"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        show = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
        packages = subprocess.run(show, check=True, text=True, capture_output=True).stdout.strip()
        Path(packages, "book.pth").write_text(sysconfig.get_path("purelib"))
    subprocess.run([python, "-m", "pip", "install", "--quiet", "numpyro"], check=True)
    return str(python)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scheduler", help="address of a dask scheduler, whose workers do the trials (see running.py)")
    if scheduler := parser.parse_args().scheduler:
        os.environ["MTGP_SCHEDULER"] = scheduler
    scripts = sorted(path for path in STUDIES.glob("*.py") if "run(__file__" in path.read_text())
    print(f"{len(scripts)} studies, about {MINUTES} minutes on two cores")
    for script in scripts:
        python = with_numpyro() if script.stem.startswith("full_bayes") else sys.executable
        subprocess.run([python, script], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    subprocess.run([sys.executable, ROOT / "tools" / "checksums.py"], check=True)


if __name__ == "__main__":
    main()
