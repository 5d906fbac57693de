"""The platform asks meters to read, never to write, whoever calls and with what."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cercollettiva.devices.shelly_rpc import READ_METHODS, NotAsked, request

WRITES = (
    *(
        "Switch.Set",
        "Switch.Toggle",
        "Shelly.Reboot",
        "Shelly.FactoryReset",
        "EM.ResetCounters",
        "EMData.DeleteAllData",
    ),
    *("MQTT.SetConfig", "Script.Eval", "Sys.SetConfig", "Shelly.Update", "HTTP.GET", "HTTP.Request", "KVS.Get"),
    *("Switch.GetConfig", "Switch.Set.GetStatus", "Switch.Set\x00EM.GetStatus", "em.getstatus", " EM.GetStatus", ""),
)
TEXT = st.text('"\\{}[]:,.+#/ \n\0abGetSMè\ud800', max_size=20)
SCALARS = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | TEXT
ANYTHING = SCALARS | st.floats() | st.lists(SCALARS, max_size=2) | st.dictionaries(TEXT, SCALARS, max_size=2)


@pytest.mark.parametrize("method", WRITES)
def test_a_method_that_is_not_on_the_list_is_never_asked(method):
    with pytest.raises(NotAsked):
        request(method, {}, request_id=1, device_id="shellypro3em-1")


def test_every_method_of_the_list_only_gets():
    assert [method for method in READ_METHODS if not re.fullmatch(r"[A-Z][A-Za-z0-9]*\.Get[A-Z]\w*", method)] == []


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    method=st.sampled_from([*READ_METHODS, *WRITES]) | TEXT | ANYTHING,
    params=st.dictionaries(TEXT | st.integers(), ANYTHING, max_size=4),
    device_id=st.sampled_from(["shellypro3em-1", "a/rpc", "+", "#", "", "a b", "a\nb"]) | TEXT,
)
@example(method="EM.GetStatus", params={"method": "Switch.Set"}, device_id="a")
@example(method="EM.GetStatus", params={'"},"method': "x"}, device_id="a")
@example(method="EM.GetStatus", params={"id": '0}, "method": "Switch.Set", "x": {'}, device_id="a")
def test_whatever_is_given_what_comes_out_reads_and_answers_to_us(method, params, device_id):
    try:
        written = request(method, params, request_id=7, device_id=device_id)
    except (NotAsked, UnicodeEncodeError):
        return

    frame = json.loads(written, object_pairs_hook=lambda pairs: pairs)
    keys = [key for key, _ in frame]
    told = dict(frame)
    assert keys == ["id", "src", "method", "params"]
    assert told["method"] in READ_METHODS
    assert told["src"] == f"heal/{device_id}"
    assert not set(told["src"]) & set("+# \n")
    assert len(written) <= 4096
