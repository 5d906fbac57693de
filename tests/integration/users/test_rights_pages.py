"""The pages, jobs and commands by which people get their data and go."""

from __future__ import annotations

import io
import json
import os
import zipfile
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from cercollettiva.core import registry
from cercollettiva.core.models import CERMembership, MemberRole
from cercollettiva.ops.rights import carry_out_erasures, make_exports
from cercollettiva.users.audit import Action, AuditLine
from cercollettiva.users.exports import DataExport, ExportState
from cercollettiva.users.models import AccountDeletionRequest, CustomUser
from cercollettiva.users.rights import archive, exporting, sealed
from cercollettiva.users.rights.erasure import erase
from cercollettiva.web.account_forms import PasswordForm
from tests.integration.core.scene import join, make_community, make_user
from tests.integration.users.signing import PASSWORD, make_person, signed_in
from tests.support.canaries import found

pytestmark = pytest.mark.django_db
CANARY = "canarino-della-via"


@pytest.fixture
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def anna(media) -> CustomUser:
    return make_person(first_name="Anna", last_name="Rossi", address=CANARY)


def body(answer) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_somebody_asks_for_their_data_and_takes_them(anna, media):
    client, now = signed_in(anna), timezone.now()
    client.post("/users/privacy/export/")
    client.post("/users/privacy/export/")
    assert DataExport.objects.get().state == ExportState.QUEUED  # twice is once
    assert "in preparazione" in client.get("/users/privacy/export/").content.decode()

    assert make_exports(now) == 1

    export = DataExport.objects.get()
    page = client.get("/users/privacy/export/").content.decode()
    assert f"/users/privacy/export/{export.pk}/" in page
    answer = client.get(f"/users/privacy/export/{export.pk}/")
    content = body(answer)
    assert (answer["Content-Type"], int(answer["Content-Length"])) == ("application/zip", len(content))
    assert answer["Content-Disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert CANARY in opened.read("dati.json").decode()
        assert opened.testzip() is None
    assert AuditLine.objects.filter(action=Action.DATA_EXPORTED, actor_id=anna.pk).count() == 1
    [path] = [path for path in media.rglob("*") if path.is_file()]
    assert path.stat().st_mode & 0o077 == 0
    assert found([CANARY, "Rossi", "dati.json"], path.read_bytes()) == []  # not open on disk


def test_a_copy_is_only_for_who_has_just_proven_who_they_are_and_for_a_day(anna):
    exporting.ask(anna, at=timezone.now())
    make_exports(timezone.now())
    client = signed_in(anna)
    address = f"/users/privacy/export/{DataExport.objects.get().pk}/"
    other = signed_in(make_person("other@example.it"))
    assert other.get(address).status_code == 404
    staff = make_user("staff", is_staff=True)
    assert_404 = Client()
    assert_404.force_login(staff)
    assert assert_404.get(address).status_code == 404

    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        for page in (address, "/users/privacy/export/"):
            refused = client.get(page)
            assert (refused.status_code, refused["Location"].partition("?")[0]) == (302, "/users/confirm/")
        client.post(f"/users/confirm/?next={address}", {"password": PASSWORD})
        assert client.get(address).status_code == 200

    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        late = signed_in(anna)
        assert late.get(address).status_code == 404
        make_exports(timezone.now())
    assert not DataExport.objects.exists()


def test_old_copies_and_their_files_are_forgotten(anna, media, django_capture_on_commit_callbacks):
    exporting.ask(anna, at=timezone.now())
    make_exports(timezone.now())
    stray = sealed.SealedWriter(DataExport(user=anna).file_id, sealed.new_key())
    stray.close()

    with django_capture_on_commit_callbacks(execute=True):
        assert exporting.forget_old(timezone.now() + timedelta(hours=25)) == 1

    assert sealed.all_ids() == set()


def test_a_copy_that_fails_says_so_and_leaves_no_file_and_the_next_is_made(anna, monkeypatch):
    exporting.ask(anna, at=timezone.now())
    exporting.ask(make_person("bruno@example.it"), at=timezone.now())
    write = archive.write_archive

    def fails_for_anna(user, to, *, at):
        to.write(b"half")
        if user == anna:
            raise RuntimeError
        write(user, to, at=at)

    monkeypatch.setattr(exporting, "write_archive", fails_for_anna)
    make_exports(timezone.now())

    assert DataExport.objects.get(user=anna).state == ExportState.FAILED
    assert sealed.all_ids() == {DataExport.objects.get(user__email="bruno@example.it").file_id}
    assert "non è riuscita" in signed_in(anna).get("/users/privacy/export/").content.decode()


def test_a_worker_that_died_has_its_copy_made_again(anna):
    export = exporting.ask(anna, at=timezone.now())
    long_ago = timezone.now() - timedelta(hours=2)
    DataExport.objects.filter(pk=export.pk).update(state=ExportState.RUNNING, started_at=long_ago)

    assert make_exports(timezone.now()) == 1

    assert DataExport.objects.get().state == ExportState.READY


@pytest.mark.parametrize("size", [0, 1, sealed.PIECE, sealed.PIECE + 1, 3 * sealed.PIECE])
def test_a_sealed_file_gives_back_what_was_written(media, size):
    file_id, key, content = DataExport().file_id, sealed.new_key(), os.urandom(size)
    with sealed.SealedWriter(file_id, key) as writer:
        for start in range(0, size, 300_000):
            writer.write(content[start : start + 300_000])

    assert b"".join(sealed.read(file_id, key)) == content
    assert writer.size == size


def test_a_sealed_file_that_was_cut_turned_round_or_changed_does_not_open(media):
    file_id, key = DataExport().file_id, sealed.new_key()
    with sealed.SealedWriter(file_id, key) as writer:
        writer.write(os.urandom(2 * sealed.PIECE + 5))
    path = sealed.path_of(file_id)
    whole, piece = path.read_bytes(), sealed.NONCE + sealed.PIECE + sealed.TAG
    broken = {
        "cut": whole[: 2 * piece],
        "turned": whole[piece : 2 * piece] + whole[:piece] + whole[2 * piece :],
        "changed": whole[:50] + bytes([whole[50] ^ 1]) + whole[51:],
        "empty": b"",
    }
    for content in broken.values():
        path.write_bytes(content)
        with pytest.raises(sealed.BrokenFile):
            list(sealed.read(file_id, key))
    path.unlink()
    with pytest.raises(sealed.BrokenFile):
        sealed.read(file_id, key)


def test_everybody_sees_what_is_held_of_them_what_for_and_for_how_long(anna):
    client = signed_in(anna)

    page = client.get("/users/privacy/").content.decode()

    assert "Accesso alla piattaforma" in page
    assert "contratto: lo statuto e il regolamento (art. 6.1.b)" in page
    assert "10 anni dopo l&#x27;uscita dalla comunità" in page
    assert "sessioni" in page.lower()
    assert "Tessere" not in page  # there is none


def test_the_register_of_processing_is_for_staff_and_administrators_and_names_their_bodies(anna):
    join(anna, make_community("A"), MemberRole.ADMIN)
    make_community("B")
    client = signed_in(anna)

    page = client.get("/users/privacy/register/").content.decode()

    for word in ("Associazione A", "Tessere", "GSE, distributore", "AES-256-GCM", "IBAN"):
        assert word in page
    assert "Associazione B" not in page
    assert signed_in(make_person("other@example.it")).get("/users/privacy/register/").status_code == 404


def test_an_erasure_is_carried_out_when_the_time_to_think_is_over_and_not_before(anna):
    client, now = signed_in(anna), timezone.now()
    page = client.get("/users/delete_account/").content.decode()
    assert "Hai 14 giorni per ripensarci" in page
    assert "Si cancella" in page
    client.post("/users/delete_account/", {"password": PASSWORD})

    assert carry_out_erasures(now + timedelta(days=13, hours=23)) == 0
    assert CustomUser.objects.get(pk=anna.pk).erased_at is None
    assert carry_out_erasures(now + timedelta(days=14, minutes=1)) == 1

    assert CustomUser.objects.get(pk=anna.pk).erased_at is not None
    assert client.get("/users/profile/").status_code == 302  # the session is gone
    assert carry_out_erasures(now + timedelta(days=15)) == 0


def test_two_clicks_ask_for_one_deletion(anna, monkeypatch):
    def another_was_faster(form: PasswordForm) -> bool:
        AccountDeletionRequest.objects.create(user=anna, requested_at=timezone.now())
        return True

    monkeypatch.setattr(PasswordForm, "is_valid", another_was_faster)

    answer = signed_in(anna).post("/users/delete_account/", {"password": PASSWORD})

    assert (answer.status_code, answer["Location"]) == (302, "/users/profile/")
    assert AccountDeletionRequest.objects.filter(user=anna).count() == 1


def test_a_request_that_was_taken_back_is_not_carried_out(anna):
    client, now = signed_in(anna), timezone.now()
    client.post("/users/delete_account/", {"password": PASSWORD})
    client.post("/users/delete_account/", {"cancel": "1"})

    assert carry_out_erasures(now + timedelta(days=60)) == 0


def test_a_member_waits_until_the_exit_is_written_and_is_told_so(anna):
    membership = join(anna, make_community("A"))
    registry.enter(membership, on=timezone.now(), by=None)
    client, now = signed_in(anna), timezone.now()
    client.post("/users/delete_account/", {"password": PASSWORD})
    assert "È ancora tra i soci di CER A" in client.get("/users/delete_account/").content.decode()

    assert carry_out_erasures(now + timedelta(days=20)) == 0
    registry.leave(membership, on=now + timedelta(days=20), by=None)
    CERMembership.objects.get(pk=membership.pk).leave(at=now + timedelta(days=20))

    assert carry_out_erasures(now + timedelta(days=21)) == 1


def test_one_erasure_that_fails_does_not_keep_the_others(anna, monkeypatch):
    bruno = make_person("bruno@example.it")
    now = timezone.now()
    for person in (anna, bruno):
        AccountDeletionRequest.objects.create(user=person, requested_at=now - timedelta(days=30))

    def fails_for_anna(user, *, by, at):
        if user == anna:
            raise RuntimeError
        return erase(user, by=by, at=at)

    monkeypatch.setattr("cercollettiva.ops.rights.erase", fails_for_anna)

    assert carry_out_erasures(now) == 1
    assert CustomUser.objects.get(pk=bruno.pk).erased_at is not None


def test_staff_sees_what_would_go_confirms_and_it_is_gone(anna):
    staff = make_person("staff@example.it", is_staff=True)
    client, address = signed_in(staff), f"/users/management/{anna.pk}/erase/"
    page = client.get(address).content.decode()
    assert "Resta senza i dati personali" in page

    client.post(address)
    assert CustomUser.objects.get(pk=anna.pk).erased_at is None  # the box was not ticked
    answer = client.post(address, {"confirm": str(anna.pk)}, follow=True)

    assert "Cancellata il" in answer.content.decode()
    erased = CustomUser.objects.get(pk=anna.pk)
    assert (erased.address, erased.email) == ("", f"erased-{anna.pk}@erased.invalid")
    assert AuditLine.objects.get(action=Action.PERSON_ERASED).actor_id == staff.pk
    assert client.get(address).status_code == 404
    client.post(f"/users/management/{anna.pk}/", {"action": "enable"})
    assert not CustomUser.objects.get(pk=anna.pk).is_active


def test_staff_is_told_what_stands_in_the_way_and_nothing_happens(anna):
    join(anna, make_community("A"))
    client = signed_in(make_person("staff@example.it", is_staff=True))
    address = f"/users/management/{anna.pk}/erase/"

    page = client.get(address).content.decode()
    client.post(address, {"confirm": str(anna.pk)})

    assert "non si può ancora cancellare" in page
    assert "Cancella adesso" not in page
    assert CustomUser.objects.get(pk=anna.pk).erased_at is None


def gdpr(*arguments: str) -> dict:
    out = StringIO()
    call_command("gdpr", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_the_command_exports_shows_erases_and_counts(anna, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    AccountDeletionRequest.objects.create(user=anna, requested_at=timezone.now())
    told = gdpr("export", anna.email.upper())
    path = tmp_path / told["file"]
    assert path.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(path) as opened:
        assert CANARY in opened.read("dati.json").decode()
    with pytest.raises(CommandError) as again:
        gdpr("export", str(anna.pk))
    assert again.value.returncode == 2  # the file is there already

    shown = gdpr("erase", anna.email, "--dry-run")
    assert (shown["erased"], shown["obstacles"]) == (False, [])
    assert {"users.CustomUser", "account.EmailAddress"} <= {table["model"] for table in shown["tables"]}
    assert CustomUser.objects.get(pk=anna.pk).email == anna.email
    assert [request["user"] for request in gdpr("status")["requests"]] == [anna.pk]

    assert gdpr("erase", str(anna.pk), "--yes")["erased"]
    status = gdpr("status")
    assert (status["requests"], status["erased"]) == ([], 1)
    with pytest.raises(CommandError):
        gdpr("erase", str(anna.pk), "--yes")


def test_the_command_refuses_with_1_what_has_to_wait_and_with_2_who_is_not_there(anna):
    join(anna, make_community("A"))

    with pytest.raises(SystemExit) as stopped:
        gdpr("erase", anna.email, "--yes")
    with pytest.raises(CommandError) as unknown:
        gdpr("erase", "nobody@example.it", "--dry-run")

    assert stopped.value.code == 1
    assert unknown.value.returncode == 2
    assert CustomUser.objects.get(pk=anna.pk).erased_at is None
