"""The MQTT process: from the broker's messages to safe rows.

A message's way through it: `mqtt` (arrival) -> `manager` (whose it is, what it says) -> `buffer` -> `writer`
(one transaction, `energy.store`) -> `service` (acknowledgement).
"""
