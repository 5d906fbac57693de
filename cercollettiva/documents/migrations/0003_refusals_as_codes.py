"""Why a paper could not be read was an English sentence: it becomes a code, which a page has words for.

On the way back the papers of applications get a subject that the schema before 0002 knows: its rule is put up again by
0002 in a transaction of its own, in which no row may have changed (PostgreSQL).
"""

import re

from django.db import migrations

# The sentences of yesterday, and the code of each; what a group of the sentence says follows it.
SENTENCES = (
    (r"The PDF brings a script", "BRINGS:SCRIPT"),
    (r"The PDF brings a program to start", "BRINGS:PROGRAM"),
    (r"The PDF brings data to load from elsewhere", "BRINGS:DATA"),
    (r"The PDF brings a form that sends itself away", "BRINGS:SENDING_FORM"),
    (r"The PDF brings a jump into another file", "BRINGS:OTHER_FILE"),
    (r"The PDF brings (?:files inside|a jump into a file inside)", "BRINGS:FILES"),
    (r"The PDF brings a film", "BRINGS:FILM"),
    (r"The PDF brings a form with a program", "BRINGS:PROGRAM_FORM"),
    (r"The file is larger than", "TOO_LARGE"),
    (r"The PDF is locked", "LOCKED"),
    (r"The PDF has (\d+) pages", "TOO_MANY_PAGES"),
    (r"The PDF is made of too many parts", "TOO_MANY_PARTS"),
    (r"The file takes too much", "TOO_HARD"),
    (r"The file is no PDF", "NO_PDF"),
    (r"The file is broken", "BROKEN"),
    (r"The PDF holds pictures and no text.*A person must read", "SCAN"),
    (r"The PDF holds pictures and no text", "SCANNED_ATTESTATION"),
    (r"This is not a Gaud", "NOT_AN_ATTESTATION"),
    (r"The attestation is empty", "EMPTY_ATTESTATION"),
    (r"The file is a picture", "A_PICTURE"),
    (r"The file is missing", "MISSING"),
)
BACK = {
    "BRINGS:SCRIPT": "The PDF brings a script along: print it into a new PDF and send that one.",
    "BRINGS:PROGRAM": "The PDF brings a program to start along: print it into a new PDF and send that one.",
    "BRINGS:DATA": "The PDF brings data to load from elsewhere along: print it into a new PDF and send that one.",
    "BRINGS:SENDING_FORM": (
        "The PDF brings a form that sends itself away along: print it into a new PDF and send that one."
    ),
    "BRINGS:OTHER_FILE": "The PDF brings a jump into another file along: print it into a new PDF and send that one.",
    "BRINGS:FILES": "The PDF brings files inside along: print it into a new PDF and send that one.",
    "BRINGS:FILM": "The PDF brings a film along: print it into a new PDF and send that one.",
    "BRINGS:PROGRAM_FORM": "The PDF brings a form with a program along: print it into a new PDF and send that one.",
    "TOO_LARGE": "The file is larger than 10 MB.",
    "LOCKED": "The PDF is locked by a password: save a copy without it.",
    "TOO_MANY_PAGES": "The PDF has {} pages, and 50 are the most.",
    "TOO_MANY_PARTS": "The PDF is made of too many parts.",
    "TOO_HARD": "The file takes too much time or memory to read: print it into a new PDF and send that one.",
    "NO_PDF": "The file is no PDF.",
    "BROKEN": "The file is broken, or is no PDF.",
    "SCAN": "The PDF holds pictures and no text: it is a scan. A person must read it.",
    "SCANNED_ATTESTATION": (
        "The PDF holds pictures and no text: it is a scan. Ask the distributor's portal for the original attestation, "
        "or type its fields."
    ),
    "NOT_AN_ATTESTATION": (
        "This is not a Gaudì attestation: the names of its fields (Codice POD, Codice CENSIMP, ...) are missing."
    ),
    "EMPTY_ATTESTATION": (
        "The attestation is empty: the names of the fields are there, their values are not."
    ),
    "A_PICTURE": "The file is a picture: only the text of a PDF can be read.",
    "MISSING": "The file is missing or was changed: upload it again.",
}
UNREADABLE = "UNREADABLE"


def code_of(sentence):
    for beginning, code in SENTENCES:
        found = re.match(beginning, sentence)
        if found:
            return ":".join((code, *found.groups()))
    return UNREADABLE


def sentence_of(code):
    if code in BACK:
        return BACK[code]
    name, _colon, given = code.partition(":")
    return BACK.get(name, "The program could not read this file.").format(given)


def _rewrite(apps, schema_editor, rewritten):
    documents = apps.get_model("documents", "Document").objects.using(schema_editor.connection.alias)
    failed = documents.exclude(processing_error="")
    for said in failed.order_by().values_list("processing_error", flat=True).distinct():
        documents.filter(processing_error=said).update(processing_error=rewritten(said))


def forwards(apps, schema_editor):
    _rewrite(apps, schema_editor, lambda said: said if _is_code(said) else code_of(said))


def backwards(apps, schema_editor):
    _rewrite(apps, schema_editor, lambda said: sentence_of(said) if _is_code(said) else said)


def _is_code(said):
    return said.partition(":")[0] in {*(code.partition(":")[0] for code in BACK), UNREADABLE}


def back_to_what_is_known(apps, schema_editor):
    """A paper of an application alone is its community's; the proof of one that was forgotten has nobody left, and goes."""
    alias = schema_editor.connection.alias
    documents = apps.get_model("documents", "Document").objects.using(alias)
    nobodys = documents.filter(owner=None, plant=None, community=None, organisation=None)
    for document in nobodys.exclude(application=None).select_related("application"):
        documents.filter(pk=document.pk).update(community=document.application.community_id)
    forgotten = list(nobodys.filter(application=None).values_list("pk", flat=True))
    apps.get_model("documents", "DocumentAccess").objects.using(alias).filter(document__in=forgotten).delete()
    documents.filter(pk__in=forgotten).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('documents', '0002_papers_of_applications'),
    ]

    operations = [
        migrations.RunPython(forwards, backwards),
        migrations.RunPython(migrations.RunPython.noop, back_to_what_is_known),
    ]
