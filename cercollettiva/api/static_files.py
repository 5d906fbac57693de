"""The files of Swagger UI, out of the package that brings them: only those that the page of the API asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import drf_spectacular_sidecar
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

FOLDER: Final = Path(drf_spectacular_sidecar.__path__[0]) / "static/drf_spectacular_sidecar/swagger-ui-dist"
# The maps too: a collectstatic that names files by their content looks for what they mention.
FILES: Final = (
    *("swagger-ui-bundle.js", "swagger-ui-bundle.js.map", "swagger-ui-bundle.js.LICENSE.txt"),
    *("swagger-ui.css", "swagger-ui.css.map", "LICENSE"),
)
PREFIX: Final = "api/swagger-ui"


class SwaggerFinder(BaseFinder):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.storage = FileSystemStorage(location=str(FOLDER))
        self.storage.prefix = PREFIX  # type: ignore[attr-defined]

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        folder, _, name = path.rpartition("/")
        found = str(FOLDER / name) if folder == PREFIX and name in FILES else None
        if find_all:
            return [found] if found else []
        return found or []

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:
        for name in FILES:
            yield name, self.storage
