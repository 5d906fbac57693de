"""What happens to accounts, for whoever keeps a record of it. Signing in and out has signals of Django and allauth.

Each is sent after its rows are written, in the same transaction, with the person it is about as `user`, the person who
did it as `by`, and the moment as `at`.
"""

from django.dispatch import Signal

person_disabled = Signal()
person_enabled = Signal()
staff_changed = Signal()  # is_staff
sessions_ended = Signal()  # count
tokens_revoked = Signal()  # count
deletion_requested = Signal()
deletion_cancelled = Signal()
profile_changed = Signal()  # fields: their names, never their values
platform_set_up = Signal()
