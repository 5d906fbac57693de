"""What strangers may put in a topic, a payload or a name to be shown to somebody else."""

from __future__ import annotations

HOSTILE: dict[str, str] = {
    "script": "<script>alert('CANARY')</script>",
    "end of an attribute": "\"><img src=x onerror=alert('CANARY')>",
    "end of the script": "</script><svg/onload=alert(1)>",
    "template": "{{ request.user.password }}{% csrf_token %}",
    "turns the line round": "cer/\u202etxt.exe\u202c/em:0",
    "ends the line": "one\r\ntwo\u2028three\u2029four",
    "cannot be seen": "cer/\u200b\u2060\u3164\u00ad\ufeffa",
    "piles up": "Z" + "\u0301\u0489" * 100,
    "very long": "x" * 5_000,
    "NUL": "cer/\0\x1b[2J\x07/em:0",
    "percent": "%s%(name)s%n{0}",
}
