"""What a job's thread has freed goes back to the machine, though glibc would keep it."""

from __future__ import annotations

import subprocess
import sys

# In a process of its own: what other tests hold and free says nothing. A job reads 100 MB in small arrays, and what it
# leaves at the end lies above them all.
A_JOB = """
import threading
import numpy as np
from cercollettiva.ops.memory import give_back

def held():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * 4096 // 2**20

def job():
    arrays = [np.ones(6000) for _ in range(2000)]
    kept.append(np.ones(100))

kept, before = [], held()
thread = threading.Thread(target=job)
thread.start()
thread.join()
grown = held() - before
give_back()
print(grown, held() - before)
"""


def test_memory_that_a_job_freed_goes_back():
    done = subprocess.run([sys.executable, "-c", A_JOB], capture_output=True, text=True, check=True)
    without, with_it = (int(word) for word in done.stdout.split())

    assert without > 20  # or there was nothing to give back
    assert with_it < 10
