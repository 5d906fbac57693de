"""What can go wrong with a backup; each text says why and what to do, in Italian."""

from __future__ import annotations


class BackupFailed(Exception):
    """No backup was made, or nothing was restored: whatever was there is still there."""


class UnreadableArchive(BackupFailed):
    """The archive is not one of ours, was cut or changed, or is under another key."""


class WrongKey(UnreadableArchive):
    """None of the keys of BACKUP_KEY opens it."""
