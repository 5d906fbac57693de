"""The pages of the members' desk: what a file holds, what a paper says, what a form and an API call refuse."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook
from PIL import Image
from pypdf import PdfReader

from cercollettiva.core import fees, member_import, registry
from cercollettiva.core.models import CardJob, CERMembership, FeePayment, MemberRegistry, MemberRole, MembershipCard
from cercollettiva.core.paper import make_pdf
from cercollettiva.core.registry import day_of
from cercollettiva.ops.desk import print_cards, remind_of_fees
from cercollettiva.settlement.models import DistributionRule
from cercollettiva.users.audit import Action, AuditLine
from cercollettiva.users.models import Scope
from cercollettiva.web.desk import papers
from cercollettiva.web.desk.sheets import xlsx_bytes
from tests.integration.api.scene import token_of
from tests.integration.core.scene import join, make_community, make_user
from tests.support.mailbox import delivered

pytestmark = pytest.mark.django_db

ODD = "=cmd|'/c calc'!A1 D’Öst <script> #panic() $x$ 😀 Łódź"


@pytest.fixture(autouse=True)
def _no_second_factor(settings) -> None:
    settings.SECOND_FACTOR = "optional"


@pytest.fixture
def desk(settings, tmp_path):
    """An administrator, a member with an odd name who owes 25 euros, and both their browsers."""
    settings.MEDIA_ROOT = tmp_path
    community = make_community("A")
    community.organisation.fee_cents = 2_500
    community.organisation.save()
    admin, member = make_user("admin"), make_user("anna", last_name=ODD[:140])
    join(admin, community, MemberRole.ADMIN)
    registry.enter(join(member, community), on=timezone.now(), by=admin)
    browsers = Client(), Client()
    for browser, user in zip(browsers, (admin, member), strict=True):
        browser.force_login(user)
    return community, *browsers


def text_of(pdf: bytes) -> str:
    return " ".join(PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())


def test_the_register_is_a_page_and_files_in_which_nothing_runs(desk):
    community, admin, _member = desk
    address = f"/cer/{community.pk}/registry/"

    page = admin.get(address).content.decode()
    sheet = load_workbook(io.BytesIO(admin.get(f"{address}?format=xlsx").content)).active
    table = admin.get(f"{address}?format=csv").content.decode("utf-8-sig")
    paper = admin.get(f"{address}?format=pdf").content

    assert "<script> #panic" not in page
    assert "&lt;script&gt;" in page
    row = [cell.value for cell in sheet[2]]
    assert (row[0], row[3], sheet["B2"].is_date, row[4]) == (1, 1, True, f"anna {ODD[:140]}")
    assert sheet["E2"].data_type == "s"
    assert ";anna =cmd" in table
    assert "#panic() $x$ □ Łódź" in text_of(paper)
    assert PdfReader(io.BytesIO(paper)).trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert AuditLine.objects.filter(action=Action.DATA_READ).count() >= 4


def test_a_cell_that_begins_like_a_formula_is_text_with_an_apostrophe():
    content = xlsx_bytes("x", ["a"], [[begin + "1+1"] for begin in "=+-@\t\r"])

    sheet = load_workbook(io.BytesIO(content)).active

    assert all(cell.value.startswith("'") and cell.data_type == "s" for (cell,) in sheet["A2:A7"])


def test_a_card_has_a_paper_a_wallet_view_and_a_code_that_names_nobody(desk):
    community, _admin, member = desk
    card = MembershipCard.objects.get()

    paper = member.get(f"/cer/{community.pk}/card/?format=pdf")
    wallet = member.get(f"/cer/{community.pk}/card/?view=wallet").content.decode()
    check = Client().get(f"/cards/{papers.card_token(card)}/").content.decode()

    assert paper["Content-Type"] == "application/pdf"
    assert "Tessera n. 1" in text_of(paper.content)
    assert "<svg" in wallet
    assert "La tessera è valida." in check
    assert "anna" not in check
    assert Client().get(f"/cards/{card.pk}/").status_code == 404


def test_a_fee_is_paid_on_the_page_and_its_receipt_is_for_the_member_too(desk):
    community, admin, member = desk
    card, address = MembershipCard.objects.get(), f"/cer/{community.pk}/fees/"
    form = {
        "action": "pay",
        "card": card.pk,
        "method": "CASH",
        "amount": "25,00",
        "paid": "0",
        "paid_on": f"{timezone.now():%Y-%m-%d}",
    }

    for _twice in range(2):
        admin.post(address, form)
    payment = FeePayment.objects.get()
    receipt = member.get(f"{address}receipts/{payment.pk}/")

    assert (payment.cents, payment.receipt_number) == (2_500, 1)
    assert "Ricevuta n. 1" in text_of(receipt.content)
    assert "25,00" in text_of(receipt.content)
    for wrong in ({"amount": "x"}, {"amount": "-1"}, {"action": "gone"}, {"action": "set", "amount": "1"}):
        assert admin.post(address, {**form, **wrong}).status_code == 302
    assert MembershipCard.objects.get().fee_due_cents == 2_500


def test_a_part_payment_sent_twice_has_one_receipt(desk):
    community, admin, _member = desk
    card, address = MembershipCard.objects.get(), f"/cer/{community.pk}/fees/"
    form = {"action": "pay", "card": card.pk, "method": "CASH", "amount": "10", "paid": "0", "paid_on": ""}

    for _twice in range(2):
        told = admin.post(address, form, follow=True).content.decode()
    assert FeePayment.objects.count() == 1
    assert "Nel frattempo" in told
    assert 'name="paid" value="1000"' in told
    admin.post(address, {name: value for name, value in form.items() if name != "paid"})
    assert FeePayment.objects.count() == 1
    admin.post(address, {**form, "paid": "1000"})
    assert FeePayment.objects.count() == 2


def test_the_api_answers_with_the_first_platforms_keys_and_refuses_in_json(desk):
    community, admin, member = desk
    card = MembershipCard.objects.get()

    def call(browser: Client, path: str, body: object, **headers: str) -> tuple[int, dict]:
        answer = browser.post(path, json.dumps(body), content_type="application/json", headers=headers)
        return answer.status_code, answer.json()

    assert call(Client(), f"/api/fees/set/{card.pk}/", {"amount": 1})[0] == 401
    assert call(member, f"/api/fees/set/{card.pk}/", {"amount": 1})[1]["error"] == "permission_denied"
    assert call(admin, "/api/fees/set/999999/", {"amount": 1}) == (
        404,
        {"error": "not_found", "detail": "Non trovato."},
    )
    for bad in ({}, [], None, {"amount": "1e9"}, {"amount": 1.234}, {"amount": True}, {"amount": -1}):
        status, body = call(admin, f"/api/fees/set/{card.pk}/", bad)
        assert (status, body["error"], set(body)) == (400, "invalid", {"error", "detail"})
    assert call(admin, f"/core/api/fees/set/{card.pk}/", {"amount": "30.50"})[1]["success"] is True
    key, part = {"Idempotency-Key": "5f3c"}, {"payment_method": "CARD", "amount": 10}
    twice = [call(admin, f"/api/fees/paid/{card.pk}/", part, **key) for _time in range(2)]
    assert (twice[0], FeePayment.objects.count()) == (twice[1], 1)
    assert call(admin, f"/api/fees/paid/{card.pk}/?amount=20", {})[1]["detail"].keys() == {"amount"}
    status, paid = call(admin, f"/api/fees/paid/{card.pk}/", {"payment_method": "CARD", "amount": 20.5})
    assert (status, paid["success"], paid["receipt_number"]) == (200, True, 2)
    assert call(admin, f"/api/fees/paid/{card.pk}/", {})[0] == 409
    bulk = call(admin, f"/api/cer/{community.pk}/bulk-fees/", {"amount": 40, "member_type": "PROSUMER"})
    assert bulk[1]["updated_count"] == 1
    assert MembershipCard.objects.get().fee_due_cents == 4_000


def test_a_token_reaches_fees_as_far_as_its_scope_and_its_owner_do(desk, settings):
    settings.SECOND_FACTOR_REQUIRED = False
    community, _admin, _member = desk
    card = MembershipCard.objects.get()
    people = {
        role: CERMembership.objects.get(community=community, role=role).user
        for role in (MemberRole.ADMIN, MemberRole.MEMBER)
    }
    paths = (f"/api/fees/set/{card.pk}/", f"/api/fees/paid/{card.pk}/", f"/api/cer/{community.pk}/bulk-fees/")

    def call(path: str, role: MemberRole, scope: Scope) -> tuple[int, str]:
        headers = {"authorization": f"Bearer {token_of(people[role], scope)}"}
        answer = Client(enforce_csrf_checks=True).post(
            path, '{"amount": 12}', content_type="application/json", headers=headers
        )
        return answer.status_code, answer.json().get("error", "")

    for path in paths:
        assert call(path, MemberRole.ADMIN, Scope.READ) == (403, "permission_denied")
        assert call(path, MemberRole.MEMBER, Scope.WRITE) == (403, "permission_denied")
        assert call(path, MemberRole.ADMIN, Scope.WRITE) == (200, "")
    assert Client().post(paths[0], {}, headers={"authorization": "Bearer cer_x"}).status_code == 401
    assert MembershipCard.objects.get().fee_paid_cents == 1_200


def test_settings_take_a_picture_anew_and_percentages_that_make_the_whole(desk):
    community, admin, _member = desk
    address = f"/cer/{community.pk}/settings/"
    face = {"action": "face", "description": "Ciao", "fee": "12,50", "fee_days": "15"}
    shares = {"producers": "45", "consumers": "30", "management": "20", "investment_fund": "3", "solidarity_fund": "2"}
    rule = {"action": "rule", "valid_from": "2026-01-01", **shares}

    refused = admin.post(address, {**face, "logo": picture(b"<svg onload=alert(1)>")})
    drawn = io.BytesIO()
    Image.new("RGB", (900, 300), "blue").save(drawn, "JPEG", comment=b"GPS 45.0 N")
    admin.post(address, {**face, "logo": picture(drawn.getvalue())})
    too_much = admin.post(address, {**rule, "solidarity_fund": "3"})
    admin.post(address, rule)

    community.refresh_from_db()
    community.organisation.refresh_from_db()
    logo = b"".join(Client().get(f"/cer/{community.pk}/logo/").streaming_content)
    assert "Non è un’immagine" in refused.content.decode()
    assert logo.startswith(b"\x89PNG")
    assert b"GPS" not in logo
    assert community.organisation.fee_cents == 1_250
    assert "Le percentuali fanno 101" in too_much.content.decode()
    assert [(found.version, found.producers) for found in DistributionRule.objects.all()] == [(1, 45)]
    assert b"/Image" in make_pdf_of(MembershipCard.objects.get())


def picture(content: bytes) -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = "../../logo.png"
    return file


def make_pdf_of(card: MembershipCard) -> bytes:
    return papers.card_pdf(MembershipCard.objects.select_related("membership__community").get(pk=card.pk))


def test_the_job_packs_the_cards_and_reminders_go_once(desk):
    community, admin, _member = desk
    card = MembershipCard.objects.get()
    admin.post(f"/cer/{community.pk}/fees/", {"action": "print"})
    day = day_of(timezone.now())
    fees.set_fee(card, cents=2_500, on=day, due_on=day - timedelta(days=5))

    made, nothing_more = print_cards(timezone.now()), print_cards(timezone.now())
    sent = [remind_of_fees(timezone.now()) for _twice in range(2)]

    job = CardJob.objects.get()
    assert (made, nothing_more, job.state, job.done, job.total) == (1, 0, "DONE", 1, 1)
    assert job.file.read()[:2] == b"PK"
    assert (sent, len(delivered())) == ([1, 0], 1)
    assert "25,00 €" in delivered()[0].subject


def test_a_profile_that_changes_is_an_entry_of_the_register(desk):
    _community, _admin, member = desk
    given = {"first_name": "Anna", "last_name": "Neri", "fiscal_code": "RSSMRA85T10A562S", "address": "Via Nuova 3"}

    member.post("/users/profile/", given)

    last = MemberRegistry.objects.last()
    assert (last.kind, last.details["address"]) == ("CHANGED", "Via Nuova 3")
    assert "address" in last.changed


def test_an_import_is_undone_by_whoever_has_read_how_many_leave(desk):
    community, admin, _member = desk
    rows = b"Email;Nome;Cognome;Codice fiscale\nugo@example.it;Ugo;Neri;BNCGUO70B01F205Q\n"
    rows += b"ada@example.it;Ada;Verdi;RSSMRA85T10A562S\n"
    found = member_import.upload(community, name="soci.csv", content=rows, by=None, at=timezone.now())
    member_import.check(found, found.mapping, today=day_of(timezone.now()))
    member_import.carry_out(found, at=timezone.now(), by=None)
    address = f"/cer/{community.pk}/import/{found.pk}/"
    form = {"action": "undo", "leaving": "2", "confirmed": "on"}

    assert 'value="undo"' not in admin.get(address).content.decode()
    asked = admin.get(f"{address}?annulla=1").content.decode()
    admin.post(address, {"action": "undo", "leaving": "2"})
    CERMembership.objects.filter(user__email="ugo@example.it").update(role=MemberRole.TECHNICAL)
    admin.post(address, form)
    still_there = CERMembership.objects.filter(active_to=None).count()
    told = admin.post(address, {**form, "leaving": "1"}, follow=True).content.decode()

    assert "Annullando escono 2 soci." in asked
    assert 'name="leaving" value="2"' in asked
    assert still_there == 4
    assert "Importazione annullata: 1 socio uscito." in told
    assert "1 resta, perché ha un ruolo." in told
    assert not CERMembership.objects.filter(user__email="ada@example.it", active_to=None).exists()


def test_signs_that_no_font_has_become_boxes_and_data_is_never_code():
    everything = "".join(chr(code) for code in range(0x2200))  # a name may be written with any of them
    row = {"label": "x", "value": f"\N{CJK UNIFIED IDEOGRAPH-4E2D}\u202e\x07{everything}"}
    data = {"lang": "it", "community": '#read("/etc/passwd")', "address": "", "logo": "", "logo_alt": ""}

    made = make_pdf(
        "receipt", {**data, "title": "T", "sentence": "*no*", "table_title": "D", "rows": [row], "foot": "$1$"}
    )

    assert "#read" in text_of(made)
    assert "*no*" in text_of(made)
