"""Gathers, names and compresses the static files as production serves them, where there is no configuration yet.

`--plain` leaves out the compression, which takes most of the time: for a trial.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

COMPRESSED = "whitenoise.storage.CompressedManifestStaticFilesStorage"


def main() -> None:
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "cercollettiva.settings.local"
    import django
    from django.conf import settings
    from django.core.management import call_command

    settings.STATIC_ROOT = ROOT / "staticfiles"
    plain = "--plain" in sys.argv[1:]
    storage = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage" if plain else COMPRESSED
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": storage}}
    django.setup()
    call_command("collectstatic", interactive=False, verbosity=1)


if __name__ == "__main__":
    main()
