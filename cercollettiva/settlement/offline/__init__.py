"""The offline case: a configuration, its curves and prices in a folder of files, and the figures as JSON.

It needs no database: whoever doubts a figure can recompute it from the files alone.
"""

from cercollettiva.settlement.offline.faults import BadFile, Fault
from cercollettiva.settlement.offline.folder import settled_folder

__all__ = ["BadFile", "Fault", "settled_folder"]
