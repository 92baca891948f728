"""OR-Tools takes seconds to load: no web process may import it, only the worker."""

import subprocess
import sys

import pytest

WEB = "import django; django.setup(); from django.urls import get_resolver; get_resolver().url_patterns"
WORKER = "import django; django.setup(); import scheduling.tasks"


@pytest.mark.parametrize(("process", "loads"), [(WEB, False), (WORKER, True)])
def test_only_the_worker_loads_ortools(process, loads):
    code = f"{process}; import sys; print('ortools' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(loads)
