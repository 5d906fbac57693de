"""What must be so when an application is sent: every step still right, and an account that it belongs to."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AnonymousUser

from cercollettiva.core.models import Application, ApplicationStep
from cercollettiva.users.consents import accept_privacy
from cercollettiva.users.models import CustomUser
from cercollettiva.web.join.forms import FORMS, ConsentsForm


def first_step_to_mend(application: Application, now: datetime) -> ApplicationStep | None:
    """The first step whose answers are missing, or no longer pass their form."""
    for step in ApplicationStep:
        answer = application.answers.get(step.value)
        if answer is None:
            return step
        extra = {"legal_type": answer.get("legal_type", "")} if step is ApplicationStep.PERSON else {}
        form = FORMS[step](application=application, now=now, data=_as_posted(step, answer, application), **extra)
        if not form.is_valid():
            return step
    return None


def _as_posted(step: ApplicationStep, answer: dict[str, object], application: Application) -> dict[str, object]:
    """Answers as a browser would send them: boxes that are not ticked are not there."""
    if step is ApplicationStep.CONSENTS:
        form = ConsentsForm(application=application, now=application.updated_at)
        return {name: "on" for name, ticked in form.initial.items() if ticked}
    posted = {name: value for name, value in answer.items() if value not in (None, False, "")}
    if "nominal_power" in posted:
        posted["nominal_power"] = str(posted["nominal_power"]).replace(".", ",")
    return posted


def account_for(application: Application, user: CustomUser | AnonymousUser, *, at: datetime) -> CustomUser:
    """Whoever is signed in; else the account of the address whose mailbox was opened, made without a password."""
    if isinstance(user, CustomUser):
        return user
    if application.user is not None:
        return application.user
    known: CustomUser | None = CustomUser.objects.filter(email=application.email).first()
    if known is not None:  # without a password: application_of() does not open the others
        return known
    made: CustomUser = CustomUser.objects.create_user(application.email, None)
    made.confirm_email()
    accept_privacy(made, at=at)
    return made
