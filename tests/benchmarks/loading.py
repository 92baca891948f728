"""The demonstration, loaded as `make demo` does: by the owner of the tables, in a process of its own."""

import os
import subprocess
import sys

from vqflow.processes import PROJECT


def load_demo(examinations=None):
    """Load a department, or several with so many past examinations in all, into the empty database of this run."""
    size = ["--examinations", str(examinations)] if examinations else []
    subprocess.run(
        [sys.executable, "manage.py", "load_demo", *size],
        check=True,
        cwd=PROJECT,
        env=os.environ | {"DATABASE_URL": os.environ["OWNER_DATABASE_URL"]},
        stdout=subprocess.DEVNULL,
    )
