"""What happens to the places people have in communities, for whoever keeps a record of it.

Each is sent after its rows are written, in the same transaction. `by` is the person who did it, `at` the moment.
"""

from django.dispatch import Signal

role_changed = Signal()  # membership, before, after (empty: none)
invitation_sent = Signal()  # invitation
invitation_revoked = Signal()  # invitation
invitation_accepted = Signal()  # invitation, membership
