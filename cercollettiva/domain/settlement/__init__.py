"""From hourly energies to euros: what was shared, to which plants it belongs, what it earns, and whose it is.

Source: the GSE's operating rules for CACER (Regole operative, Allegato 1), DM 7/12/2023 n. 414, DM 127/2025, TIAD
(ARERA 727/2022/R/eel), the decree of 15/3/2024 on fees. Where they leave a choice open, the reading is a setting with a
name, and every result says which was used. Arrays are float64 in a fixed order of PODs up to the unrounded figure;
from `cents` on there are whole cents only.
"""

from typing import Final

ENGINE_VERSION: Final = "1"  # part of every hash of inputs: a change of a figure is a new number
