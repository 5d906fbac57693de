"""What the table of alerts holds of people."""

from __future__ import annotations

from cercollettiva.users.datamap import REST, Basis, Fields, NotPersonal, Personal, Purpose, Term, plainly

ALERTS = plainly(Personal(Purpose.MEASURING, Basis.CONTRACT, Term.TWO_YEARS), "about a plant or a meter, not a person")

MAP: dict[str, Fields] = {
    "monitoring.Alert": {"kind": NotPersonal("words of the code"), "message": ALERTS, REST: ALERTS},
}
