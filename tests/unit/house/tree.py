"""The files of the project as a clone would have them."""

from __future__ import annotations

import ast
import fnmatch
import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def _ignored() -> list[str]:
    lines = (ROOT / ".gitignore").read_text().splitlines()
    return [".git", *(line.strip("/") for line in lines if line and not line.startswith("#"))]


def project_files(*suffixes: str) -> Iterator[Path]:
    """Files that git keeps or would keep, with one of `suffixes` if any are given; git itself may be missing."""
    ignored = _ignored()

    def kept(name: str) -> bool:
        return not any(fnmatch.fnmatch(name, pattern) for pattern in ignored)

    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(filter(kept, folders))
        for name in sorted(filter(kept, names)):
            if not suffixes or name.endswith(suffixes):
                yield Path(folder) / name


def project_texts() -> Iterator[tuple[Path, str]]:
    for path in project_files():
        try:
            yield path.relative_to(ROOT), path.read_text()
        except UnicodeDecodeError:  # a font, a picture, a document
            continue


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))
