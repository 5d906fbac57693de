"""Log lines without personal data: the texts of exceptions are dropped unless they cannot hold any, the rest is masked.

A database that refuses a row repeats it ("Failing row contains ..."), a failed conversion repeats the value, and a
formatted traceback carries both into the log. What helps to find the fault stays: types, files, lines, the SQLSTATE and
the name of the constraint. What still looks like an address, a code or an account is masked wherever it stands.
"""

from __future__ import annotations

import copy
import json
import logging
import re
import sqlite3
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError

# Their texts name things of the code or of the machine.
PLAIN_SPOKEN = (
    OperationalError,
    InterfaceError,
    OSError,
    ImportError,
    NameError,
    AttributeError,
    RecursionError,
    MemoryError,
)
_BESIDES = re.compile("DETAIL:|CONTEXT:")  # what PostgreSQL adds: rows and values
OURS = "cercollettiva."  # written with care: they name columns and reasons

MASKS = (
    (re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+"), "<email>"),
    (re.compile(r"(?i)\b[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]\b"), "<code>"),
    (re.compile(r"(?i)\bIT[0-9]{2} ?[A-Z](?: ?[0-9A-Z]){22}\b"), "<iban>"),
    (re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]{4}){3,7}(?: ?[0-9A-Z]{1,3})?\b"), "<iban>"),
    (re.compile(r"(?<![\w.])[0-9]{11}(?![\w.])"), "<number>"),  # VAT number
    (re.compile(r"(?<![\w.])(?:\+|00)[0-9](?:[ .-]?[0-9]){7,13}(?![\w.])"), "<phone>"),
    (re.compile(r"(?<![\w.:])3[0-9]{2}[ .-]?[0-9]{3}[ .-]?[0-9]{3,4}(?![\w.])"), "<phone>"),
    # What was asked for, and the secrets in the addresses of mails.
    (re.compile(r"(/[^\s?\"']*)\?[^\s\"']+"), r"\1?<query>"),
    (re.compile(r"(://[^\s:/@]*:)[^\s@/]+@"), r"\1<password>@"),
    (re.compile(r"/[\w:=-]{32,}(?=[/\s\"'?]|$)"), "/<token>"),
)

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class PrivateFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        own = copy.copy(record)  # other handlers have their own
        own.exc_text = None
        own.args = _told_arguments(record.args)
        if isinstance(own.msg, BaseException):
            own.msg, own.args = told(own.msg), ()
        try:
            return masked(super().format(own))
        except (TypeError, ValueError):  # logging would print the arguments beside its complaint
            own.msg, own.args = f"{record.msg} (its arguments do not fit)", ()
            return masked(super().format(own))

    def formatException(self, ei: Any) -> str:  # its name in the library
        return "\n".join(_chain(ei[1])) if ei[1] is not None else ""


class JsonFormatter(PrivateFormatter):
    """One object a line, for whoever collects logs; as private as the lines."""

    def format(self, record: logging.LogRecord) -> str:
        plain = copy.copy(record)
        plain.exc_info = plain.stack_info = None
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": super().format(plain),
        }
        if record.exc_info and record.exc_info[1] is not None:
            told["exception"] = masked(self.formatException(record.exc_info))
        return json.dumps(told, ensure_ascii=False)


def excepthook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """For sys.excepthook: what ends a process is written as a log line would be."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    sys.stderr.write(masked("\n".join(_chain(error))) + "\n")


def thread_excepthook(arguments: threading.ExceptHookArgs) -> None:
    """For threading.excepthook."""
    if arguments.exc_value is not None:
        excepthook(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)


def told(error: BaseException) -> str:
    """An exception in one line: its type, and of its text what cannot be somebody's."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(error, PLAIN_SPOKEN) or kind.__module__.startswith(OURS):
        return f"{name}: {_BESIDES.split(str(error))[0].strip()}"
    if isinstance(error, DatabaseError):
        return " ".join([name, *_facts(error)])
    return name


def masked(text: str) -> str:
    for pattern, instead in MASKS:
        text = pattern.sub(instead, text)
    return text


def _facts(error: BaseException) -> list[str]:
    """What PostgreSQL says of an error besides its text; SQLite's text names columns and constraints, never values."""
    if isinstance(error.__cause__, sqlite3.Error):
        return [str(error)]
    diagnosis = getattr(error.__cause__, "diag", None)
    names = ("sqlstate", "schema_name", "table_name", "column_name", "constraint_name")
    return [f"{name}={value}" for name in names if (value := getattr(diagnosis, name, None))]


def _chain(error: BaseException, seen: frozenset[int] = frozenset()) -> list[str]:
    """The traceback of an exception after those of what led to it."""
    seen |= {id(error)}
    before, how = error.__cause__, "The above exception was the direct cause of the following exception:"
    if before is None and not error.__suppress_context__:
        before, how = error.__context__, "During handling of the above exception, another exception occurred:"
    lines = [*_chain(before, seen), "", how, ""] if before is not None and id(before) not in seen else []
    frames = traceback.format_tb(error.__traceback__)
    lines += ["Traceback (most recent call last):", *(frame.rstrip("\n") for frame in frames), told(error)]
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            lines += [f"  | {line}" for line in "\n".join(_chain(each, seen)).splitlines()]
    return lines


def _told_arguments(arguments: Any) -> Any:
    if isinstance(arguments, tuple):
        return tuple(told(each) if isinstance(each, BaseException) else each for each in arguments)
    if isinstance(arguments, dict):
        return {name: told(each) if isinstance(each, BaseException) else each for name, each in arguments.items()}
    return arguments
