"""Long answers are sent while they are read; a short one is whole, with its length."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Final

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

WHOLE_BELOW: Final = 524_288  # [bytes]


def answer_of(chunks: Iterable[bytes], content_type: str) -> HttpResponseBase:
    begun, size, rest = [], 0, iter(chunks)
    for chunk in rest:
        begun.append(chunk)
        size += len(chunk)
        if size > WHOLE_BELOW:
            answer = StreamingHttpResponse(chain(begun, rest), content_type=content_type)
            answer["X-Accel-Buffering"] = "no"
            return answer
    return HttpResponse(b"".join(begun), content_type=content_type)
