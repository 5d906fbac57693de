"""Whether a device still is what was provisioned: its components, and the name it gives itself.

What changed needs a person: only she knows whether a channel measures the same cable as before.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

SILENT_FOR: Final = timedelta(seconds=10)  # the known components, while others speak
MESSAGES_ENOUGH: Final = 3
REPLACED_AFTER: Final = timedelta(minutes=1)  # of another name and not once the right one
# Shelly's components that measure, also those that no decoder reads.
MEASURING: Final = frozenset({"em", "em1", "pm1", "switch", "cover", "light", "emeter"})


def kind_of(component: str) -> str:
    """What a component is, whatever its number: `em1data:2` is an `em1`."""
    return component.partition(":")[0].removesuffix("data")


class Watch:
    """What is watched of one device. Its instants are those of receipt."""

    __slots__ = ("_another", "_another_at", "_another_since", "_expected", "_familiar", "_strange", "_strange_since")

    def __init__(self) -> None:
        self._expected: frozenset[str] = frozenset()  # kinds of component; empty: nobody said what to expect
        self._familiar: set[str] = set()  # components known to be of an expected kind
        self._strange = 0  # messages of others, since an expected one spoke
        self._strange_since: datetime | None = None
        self._another = ""  # the name of another device that speaks here
        self._another_since: datetime | None = None
        self._another_at: datetime | None = None

    def expect(self, components: Iterable[str]) -> None:
        """The components of the device's roles or, where it has none, of its type."""
        self._expected = frozenset(map(kind_of, components))
        self._familiar = set()

    def spoke_instead(self, component: str, at: datetime) -> bool:
        """Note that a component spoke. Whether it is one nobody expects, and those expected are silent (row 34)."""
        if component in self._familiar:
            self._strange = 0
            return False
        if not self._expected or kind_of(component) in self._expected:
            self._familiar.add(component)
            self._strange = 0
            return False
        if not self._strange or self._strange_since is None:
            self._strange_since = at
        self._strange += 1
        return self._strange >= MESSAGES_ENOUGH and at - self._strange_since >= SILENT_FOR

    def gave_its_name(self) -> None:
        self._another_since = None

    def gave_another_name(self, name: str, at: datetime) -> None:
        self._another = name
        self._another_at = at
        self._another_since = self._another_since or at

    def is_replaced_by(self, at: datetime) -> str:
        """The name of the device that has taken the place of ours, once ours is silent (row 35); else nothing.

        What carries no name is not believed then either: it may be of a meter that counts from elsewhere.
        """
        if self._another_since is None or self._another_at is None:
            return ""
        lasts = self._another_at - self._another_since >= REPLACED_AFTER
        return self._another if lasts and at - self._another_at < REPLACED_AFTER else ""
