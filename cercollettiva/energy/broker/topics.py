"""What each user of the broker may say and hear: one rule for Mosquitto's file and for brokers that ask us.

A device writes under its prefix and answers to whoever asked it; it hears only what is asked of it. Where a prefix lies
within another's, the outer device is kept out of it. A prefix that would cover the platform's own topics, or stand
where another device hears, gives no right at all.

With `max_queued_messages 0` Mosquitto 2.0.11 ends the connection of whoever publishes what it may not. So a device may
also write what its make announces itself on, which nobody hears but the ingestors, or it would come and go for ever.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from cercollettiva.energy.device_types import GEN1, STATUS, TASMOTA

INGESTORS: Final = tuple(f"ingest-{number}" for number in range(1, 9))
RPC_USER: Final = "rpc"  # asks devices what they stored; another than the readers, so that those can ask nothing
SERVICES: Final = (*INGESTORS, RPC_USER)
ANSWERS: Final = "heal"  # devices answer the RPC user on heal/<device>/rpc
MARKERS: Final = "cercollettiva/ingest"  # where ingestors speak to themselves
ANNOUNCED: Final = {
    GEN1: ("shellies/announce",),
    TASMOTA: ("tasmota/discovery/+/config", "tasmota/discovery/+/sensors"),
}
OURS: Final = (MARKERS, ANSWERS, "shellies/announce", "tasmota/discovery")  # no device's own
HEARD: Final = ("rpc", "command")  # what a device hears, under its prefix
_RESERVED_NAME: Final = re.compile(r"ingest-.*|rpc|heal|cercollettiva.*", re.IGNORECASE | re.DOTALL)
_PLAIN: Final = re.compile(r"[^\s\x00-\x1f\x7f/+#$][^\s\x00-\x1f\x7f+#/]*(/[^\s\x00-\x1f\x7f+#/]+)*")


class Speaker(NamedTuple):
    """A device as the broker knows it."""

    device_id: str
    prefix: str
    topics: str  # the template of its type
    vendor: str = ""

    @property
    def answers_rpc(self) -> bool:
        return self.topics == STATUS and self.vendor == "Shelly"


@dataclass
class Permissions:
    """Topic filters of one user. What is denied goes before what is granted."""

    username: str
    write: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    deny: list[str] = field(default_factory=list)

    def may_publish(self, topic: str) -> bool:
        if not topic or set(topic) & set("+#\0") or topic.startswith("$"):
            return False
        return _any_covers(self.write, topic) and not _any_covers(self.deny, topic)

    def may_subscribe(self, asked: str) -> bool:
        """Whether all that a filter could bring may be heard."""
        if asked.startswith("$share/"):
            asked = asked.split("/", 2)[2] if asked.count("/") >= 2 else ""
        if not asked or "\0" in asked:
            return False
        return _any_covers(self.read, asked) and not any(meet(denied, asked) for denied in self.deny)


class Refused(NamedTuple):
    """A device that gets no right, or not all of them, and why."""

    device_id: str
    reason: str


def is_reserved(username: str) -> bool:
    """Whether a name is one of ours: a device of that name would be taken for a part of the platform."""
    return _RESERVED_NAME.fullmatch(username) is not None


def permissions_of_devices(devices: Iterable[Speaker]) -> tuple[list[Permissions], list[Refused]]:
    """Each device's rights, and which devices are kept out. Time grows with their number, not with its square."""
    refused: list[Refused] = []
    accepted: list[Speaker] = []
    owners: dict[str, str] = dict.fromkeys(OURS, "")
    for one in devices:
        reason = _why_not(one)
        if reason:
            refused.append(Refused(one.device_id, reason))
            continue
        accepted.append(one)
        owners[one.prefix] = one.device_id
    for one in accepted:  # after the prefixes: a topic that a make dictates never takes another device's prefix
        for root in (*_also_written(one), *_also_read(one)):
            owners.setdefault(root, one.device_id)
    inner = _within(owners)
    return [_permissions(one, owners, inner) for one in accepted], refused


def permissions_of_services(devices: Iterable[Speaker]) -> list[Permissions]:
    """The ingestors hear all that is not the broker's own; only the RPC user asks, and only on the topics listed."""
    ingestors = [
        Permissions(name, write=[f"{MARKERS}/+/marker"], read=["#", "$SYS/broker/publish/messages/dropped"])
        for name in INGESTORS
    ]
    asked = [f"{one.prefix}/rpc" for one in devices if one.answers_rpc and not _why_not(one)]
    return [*ingestors, Permissions(RPC_USER, write=sorted(asked), read=[f"{ANSWERS}/+/rpc"])]


def covers(granted: str, asked: str) -> bool:
    """Whether every topic that matches `asked`, a topic or a filter, matches `granted` too."""
    if asked.startswith("$") != granted.startswith("$"):
        return False
    levels, wanted = granted.split("/"), asked.split("/")
    for place, level in enumerate(levels):
        if level == "#":
            return len(wanted) >= place
        if place >= len(wanted) or wanted[place] == "#":
            return False
        if level not in ("+", wanted[place]):
            return False
    return len(levels) == len(wanted)


def meet(one: str, other: str) -> bool:
    """Whether some topic matches both filters."""
    if one.startswith("$") != other.startswith("$"):
        return False
    first, second = one.split("/"), other.split("/")
    for left, right in zip(first, second, strict=False):
        if "#" in (left, right):
            return True
        if left != right and "+" not in (left, right):
            return False
    longer, shorter = (first, second) if len(first) >= len(second) else (second, first)
    return len(longer) == len(shorter) or (len(longer) == len(shorter) + 1 and longer[-1] == "#")


def _any_covers(filters: Sequence[str], asked: str) -> bool:
    return any(covers(granted, asked) for granted in filters)


def _why_not(one: Speaker) -> str:
    """Why a device gets no right, or nothing."""
    if is_reserved(one.device_id):
        return "its name is one of the platform's own"
    if not _PLAIN.fullmatch(one.prefix):
        return "its prefix is not a plain topic"
    if any(one.prefix == root or one.prefix.startswith(f"{root}/") for root in OURS):
        return "its prefix is one of the platform's own"
    if one.prefix.rpartition("/")[2] in HEARD:
        return "its prefix ends where another device listens"
    return ""


def _permissions(one: Speaker, owners: dict[str, str], inner: dict[str, list[str]]) -> Permissions:
    written = [one.prefix, *_own(one, _also_written(one), owners)]
    read = _own(one, _also_read(one), owners)
    denied = {within for root in (*written, *read) for within in inner.get(root, ()) if owners[within] != one.device_id}
    return Permissions(
        one.device_id,
        write=[*(f"{root}/#" for root in written), f"{ANSWERS}/{one.device_id}/rpc", *ANNOUNCED.get(one.topics, ())],
        read=[*(f"{one.prefix}/{last}" for last in HEARD), *(f"{root}/#" for root in read)],
        deny=sorted(f"{root}/#" for root in denied),
    )


def _own(one: Speaker, roots: Iterable[str], owners: dict[str, str]) -> list[str]:
    """Those of the roots that are this device's, and lie within nobody else's."""
    return [
        root
        for root in roots
        if owners[root] == one.device_id
        and all(owners.get(outer, one.device_id) == one.device_id for outer in _outer(root))
    ]


def _also_written(one: Speaker) -> list[str]:
    """Topics that a make dictates, whatever prefix it was given."""
    if one.topics == GEN1:
        fixed = f"shellies/{one.device_id}"
        return [fixed] if fixed != one.prefix else []
    return [_told_as(one.prefix, "stat")] if one.topics == TASMOTA and _told_as(one.prefix, "stat") else []


def _also_read(one: Speaker) -> list[str]:
    return [_told_as(one.prefix, "cmnd")] if one.topics == TASMOTA and _told_as(one.prefix, "cmnd") else []


def _told_as(prefix: str, word: str) -> str:
    """A Tasmota's topic of another kind: `tele/garage` to `stat/garage`; nothing where no level says `tele`."""
    levels = prefix.split("/")
    if "tele" not in levels:
        return ""
    levels[levels.index("tele")] = word
    return "/".join(levels)


def _within(owners: Iterable[str]) -> dict[str, list[str]]:
    """For each root, those that lie within it."""
    known = set(owners)
    inner: dict[str, list[str]] = defaultdict(list)
    for root in sorted(known):
        for outer in _outer(root):
            if outer in known:
                inner[outer].append(root)
    return inner


def _outer(root: str) -> list[str]:
    levels = root.split("/")
    return ["/".join(levels[:count]) for count in range(1, len(levels))]
