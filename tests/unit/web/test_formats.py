import datetime as dt
import json
from pathlib import Path

import pytest

from cercollettiva.web import formats

HERE = Path(__file__).parent
SCRIPT = HERE.parents[2] / "cercollettiva/web/static/web/formats.js"
CASES = [case for case in json.loads((HERE / "formats_cases.json").read_text("utf8")) if "call" in case]

RUN_IN_BROWSER = """
async ([script, cases]) => {
  const formats = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const read = (given) => {
    if (given === null || typeof given !== "object") return given;
    if ("at" in given) return new Date(given.at);
    return "day" in given ? given.day : NaN;
  };
  document.documentElement.lang = "it";
  return cases.map(({ call, with: given, options = {} }) => {
    const [first, ...rest] = given.map(read);
    const positional = { number: 2, quantity: 3, percent: 2, date: 2, instant: 2, interval: 2, age: 2 }[call] ?? 1;
    const padded = [first, ...rest];
    while (padded.length < positional) padded.push(undefined);
    return formats[call](...padded, options);
  });
}
"""


def read(given):
    if not isinstance(given, dict):
        return given
    if "at" in given:
        return dt.datetime.fromisoformat(given["at"])
    return dt.date.fromisoformat(given["day"]) if "day" in given else float("nan")


def words(case):
    return f"{case['call']} {case['with']} {case.get('options', '')}"


@pytest.mark.parametrize("case", CASES, ids=words)
def test_the_server_writes(case):
    call = getattr(formats, case["call"])

    written = call(*map(read, case["with"]), **case.get("options", {}))

    assert written.replace(formats.NBSP, "~") == case["gives"]


@pytest.mark.e2e
def test_the_browser_writes_the_same(chromium):
    context = chromium.new_context(timezone_id="America/New_York", locale="en-US")
    written = context.new_page().evaluate(RUN_IN_BROWSER, [SCRIPT.read_text("utf8"), CASES])
    context.close()

    differences = {
        words(case): got
        for case, got in zip(CASES, written, strict=True)
        if got.replace(formats.NBSP, "~") != case["gives"]
    }
    assert differences == {}


def test_both_sides_have_the_same_functions():
    script = SCRIPT.read_text("utf8")

    for name in {case["call"] for case in CASES}:
        assert f"export function {name}(" in script
        assert callable(getattr(formats, name))


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        formats.time(dt.datetime(2026, 11, 23, 14, 0))  # noqa: DTZ001
