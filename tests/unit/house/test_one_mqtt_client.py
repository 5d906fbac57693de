"""The tree has one MQTT client, so there is one place to look for how we talk to a broker.

`bench/` and `tests/` are outside the rule: their generators and their baseline must not share the code they measure.
"""

from __future__ import annotations

import ast

import pytest

from tests.unit.house.tree import ROOT, parsed, project_files

HOME = "cercollettiva/ingest/mqtt.py"
OTHER_CLIENTS = {"aiomqtt", "amqtt", "asyncio_mqtt", "gmqtt", "hbmqtt", "mqttools", "umqtt", "zmqtt"}


def imported_packages(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            names |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    return {str(name).partition(".")[0] for name in names}


def clients_made(tree: ast.Module) -> int:
    """Places that make a client or a subclass of one, however the module was called on import."""
    modules = {"paho.mqtt.client"}
    classes = {"paho.mqtt.client.Client"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.asname for alias in node.names if alias.name == "paho.mqtt.client" and alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module == "paho.mqtt":
            modules |= {alias.asname or alias.name for alias in node.names if alias.name == "client"}
        elif isinstance(node, ast.ImportFrom) and node.module == "paho.mqtt.client":
            classes |= {alias.asname or alias.name for alias in node.names if alias.name == "Client"}
    classes |= {f"{module}.Client" for module in modules}
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    bases = [base for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for base in node.bases]
    return sum(ast.unparse(expression) in classes for expression in (*calls, *bases))


def ruled_files(word: str) -> dict[str, ast.Module]:
    """Those that hold `word`; reading the others too would take half a minute."""
    files = {path.relative_to(ROOT).as_posix(): path for path in project_files(".py")}
    ruled = {name: path for name, path in files.items() if not name.startswith(("bench/", "tests/"))}
    return {name: parsed(path) for name, path in ruled.items() if word in path.read_text()}


def test_one_module_imports_the_mqtt_library():
    importers = {name for name, tree in ruled_files("paho").items() if "paho" in imported_packages(tree)}

    assert importers == {HOME}


def test_one_place_makes_a_client():
    made = {name: clients_made(tree) for name, tree in ruled_files("paho").items() if clients_made(tree)}

    assert made == {HOME: 1}


def test_no_other_mqtt_library_is_used():
    assert all("mqtt" in name for name in OTHER_CLIENTS)  # so a file that names one holds that word
    users = {name for name, tree in ruled_files("mqtt").items() if imported_packages(tree) & OTHER_CLIENTS}

    assert users == set()


@pytest.mark.parametrize(
    "source",
    [
        "import paho.mqtt.client\npaho.mqtt.client.Client()",
        "import paho.mqtt.client as mqtt\nmqtt.Client(mqtt.CallbackAPIVersion.VERSION2)",
        "from paho.mqtt import client\nclient.Client()",
        "from paho.mqtt import client as m\nclass Own(m.Client): pass",
        "from paho.mqtt.client import Client as C\nC()",
    ],
)
def test_a_second_client_would_be_noticed(source):
    tree = ast.parse(source)

    assert imported_packages(tree) == {"paho"}
    assert clients_made(tree) == 1
