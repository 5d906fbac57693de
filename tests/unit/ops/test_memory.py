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


# A large array that is freed teaches glibc to keep such blocks for the next time, in a heap that something small at its
# end holds open.
LARGE_AND_SMALL = """
import sys
import numpy as np
from cercollettiva.ops.memory import keep_little

def held():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * 4096 // 2**20

if sys.argv[1] == "little":
    keep_little()
first = np.ones(3_000_000)
del first
before, kept, arrays = held(), [], []
for _ in range(40):
    arrays.append(np.ones(200_000))
    kept.append(np.ones(10_000))
arrays.clear()
print(held() - before)
"""


def test_large_arrays_are_not_kept_between_small_ones():
    def grown(way: str) -> int:
        command = [sys.executable, "-c", LARGE_AND_SMALL, way]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert grown("as it is") > 40  # or there was nothing to keep
    assert grown("little") < 10
