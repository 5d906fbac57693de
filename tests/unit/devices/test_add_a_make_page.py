"""The worked examples of docs/add-a-make.md do what the page says."""

import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from cercollettiva.devices import decoding
from cercollettiva.devices.samples import UnreadableMessage
from cercollettiva.energy.models import DeviceType
from tests.unit.devices.meter import DEVICE, RECEIVED_AT

PAGE = (Path(__file__).parents[3] / "docs" / "add-a-make.md").read_text()
BLOCKS = dict(re.findall(r"^```(\w+ [\w. ]+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
CASA = DEVICE._replace(device_id=None, prefix="casa/contatore")


def lines(samples):
    return [json.dumps(decoding.as_json(sample), separators=(",", ":")) for sample in samples]


@pytest.fixture
def _lucerna(monkeypatch):
    module = ModuleType("lucerna")
    exec(compile(BLOCKS["python lucerna.py"], "lucerna.py", "exec"), module.__dict__)  # noqa: S102  # it is ours
    monkeypatch.setattr(decoding, "MAKES", (*decoding.MAKES, module.MAKE))


def test_the_template_of_the_page_reads_its_message_as_it_says():
    template = json.loads(BLOCKS["json template"])
    DeviceType(code="X", vendor="X", model="X", payload_template=template).clean()

    samples = decoding.decode(
        "casa/contatore/state", BLOCKS["json message"].encode(), RECEIVED_AT, CASA._replace(payload_template=template)
    )

    assert lines(samples) == BLOCKS["json printed"].splitlines()


@pytest.mark.usefixtures("_lucerna")
def test_the_make_of_the_page_reads_its_message_as_it_says():
    samples = decoding.decode("casa/contatore/lucerna", BLOCKS["json lucerna"].encode(), RECEIVED_AT, CASA)

    assert lines(samples) == BLOCKS["json lucerna printed"].splitlines()


@pytest.mark.usefixtures("_lucerna")
def test_the_make_of_the_page_knows_its_prefix_its_presence_and_what_to_refuse():
    (presence,) = decoding.decode("casa/contatore/link", b"up", RECEIVED_AT, CASA)

    assert presence.reading.online
    assert decoding.prefix_of("casa/contatore/lucerna") == "casa/contatore"
    for payload in (b"", b"[]", b'{"v":5}', b'{"v":["x",null,null]}', b'{"v":[1,2]}'):
        with pytest.raises(UnreadableMessage):
            decoding.decode("casa/contatore/lucerna", payload, RECEIVED_AT, CASA)
