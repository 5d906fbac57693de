"""Questions to the parts of the platform, with an end: a part that hangs costs a thread, never whoever asks.

Each question has a thread of its own while it is being asked. Whoever asks meanwhile waits for the same answer, so a
part that hangs is asked once, however many ask.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

logger = logging.getLogger(__name__)

LIMIT_SECONDS: Final = 2.0
FRESH_SECONDS: Final = 1.0  # an answer counts for those who come right after


class Health(Enum):
    """The three words every health page answers with."""

    HEALTHY = "HEALTHY"
    DEGRADED = "DEGRADED"
    UNHEALTHY = "UNHEALTHY"

    @property
    def rank(self) -> int:
        return list(Health).index(self)


@dataclass(frozen=True)
class Answer:
    """What a part said, how long it took, and what staff may read besides."""

    status: Health
    details: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


Question = Callable[[], Answer]


class Probe:
    def __init__(self, name: str, question: Question, *, limit: float = LIMIT_SECONDS) -> None:
        self.name = name
        self._question = question
        self._limit = limit
        self._lock = threading.Lock()
        self._asked_at = 0.0
        self._answered = threading.Event()
        self._answered.set()
        self._answer: Answer | None = None
        self._answer_at = float("-inf")

    def begin(self) -> None:
        """Ask, unless the answer is fresh or somebody is asking already."""
        with self._lock:
            now = time.monotonic()
            if not self._answered.is_set() or now - self._answer_at < FRESH_SECONDS:
                return
            self._answered.clear()
            self._asked_at = now
        threading.Thread(target=self._ask, name=f"probe {self.name}", daemon=True).start()

    def answer(self) -> Answer:
        """The answer, or UNHEALTHY when it has not come by its limit, counted from when it was asked."""
        self.begin()
        left = self._limit - (time.monotonic() - self._asked_at)
        if self._answered.wait(max(left, 0)) and self._answer is not None:
            return self._answer
        waited = time.monotonic() - self._asked_at
        return Answer(Health.UNHEALTHY, {"reason": "no answer", "limit_seconds": self._limit}, waited)

    def forget(self) -> None:
        """For tests: the next one asks again."""
        self._answered.wait(self._limit)
        self._answer_at = float("-inf")

    def _ask(self) -> None:
        began = time.monotonic()
        try:
            said = self._question()
        except Exception:  # a question that fails is an answer; what went wrong is told once, here
            logger.warning("The check of %s failed", self.name, exc_info=True)
            said = Answer(Health.UNHEALTHY, {"reason": "the check failed"})
        with self._lock:
            self._answer = Answer(said.status, said.details, time.monotonic() - began)
            self._answer_at = time.monotonic()
            self._answered.set()


def ask_all(probes: Iterable[Probe]) -> dict[str, Answer]:
    """All at once: together they take as long as the slowest, and no longer than its limit."""
    chosen = list(probes)
    for probe in chosen:
        probe.begin()
    return {probe.name: probe.answer() for probe in chosen}
