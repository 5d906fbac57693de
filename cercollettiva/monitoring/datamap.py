"""What the tables of alerts and of visits hold of people."""

from __future__ import annotations

from cercollettiva.users.datamap import (
    LINK,
    REST,
    Basis,
    Fields,
    Kept,
    NotPersonal,
    Personal,
    Purpose,
    Term,
    plainly,
    same,
)

ALERTS = plainly(Personal(Purpose.MEASURING, Basis.CONTRACT, Term.TWO_YEARS), "about a plant or a meter, not a person")
CHOSEN = plainly(Personal(Purpose.CONTACT, Basis.CONTRACT, Term.ACCOUNT), "when somebody wants to be told of what")
DEVICES = Personal(Purpose.CONTACT, Basis.CONSENT, Term.ACCOUNT)  # until one switches them off
VISITS = Personal(Purpose.MEASURING, Basis.CONTRACT, Term.TEN_YEARS)  # what was seen in somebody's home
WORD = NotPersonal("words of the code")

MAP: dict[str, Fields] = {
    "monitoring.Alert": {"kind": WORD, "message": ALERTS, "details": ALERTS, REST: ALERTS},
    "monitoring.AlertEvent": {
        "change": WORD,
        "note": plainly(ALERTS, "what somebody wrote about a meter, for whoever looks after it next"),
        REST: ALERTS,
    },
    "monitoring.MeterRhythm": {"memory": ALERTS, REST: ALERTS},
    "monitoring.Look": {REST: NotPersonal("when the check ran")},
    "monitoring.AlertPreferences": {"language": WORD, "choices": CHOSEN, REST: CHOSEN},
    "monitoring.AlertMessage": {REST: ALERTS},
    "monitoring.PushSubscription": {
        **same(DEVICES, "endpoint", "p256dh", "auth"),
        "endpoint_index": DEVICES._replace(kept=Kept.HASHED),
        "browser": plainly(DEVICES, "such as Firefox on Windows: to recognise one's own devices"),
        REST: plainly(DEVICES, LINK),
    },
    "monitoring.BackupRun": {
        "file_name": NotPersonal("a date"),
        "reason": NotPersonal("words of the code and of the machine"),
        REST: NotPersonal("times and sizes"),
    },
    "monitoring.VisitReport": {
        **same(VISITS, "found", "done"),
        **same(WORD, "kinds", "steps"),
        REST: plainly(VISITS, LINK),
    },
}
