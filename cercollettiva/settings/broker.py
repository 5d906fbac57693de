"""The broker: where it is, and what its files say where the platform keeps them."""

from __future__ import annotations

from cercollettiva.settings import env

# The folder of the broker's files, written by `manage.py broker_config` and `work`; None: somebody else's broker.
BROKER_FOLDER = env.folder_if_set("BROKER_FOLDER")
BROKER_LISTENER = env.endpoint("BROKER_LISTENER", "127.0.0.1:1883")  # for the platform's own processes
BROKER_TLS_LISTENER = env.endpoint("BROKER_TLS_LISTENER", "0.0.0.0:8883")  # for meters; needs a certificate
BROKER_CERTIFICATE = env.text("BROKER_CERTIFICATE")
BROKER_CERTIFICATE_KEY = env.text("BROKER_CERTIFICATE_KEY")
BROKER_PLAIN_LISTENER = env.endpoint("BROKER_PLAIN_LISTENER")  # for meters without TLS, in a LAN or a VPN
BROKER_QUEUE_BYTES = env.whole_number("BROKER_QUEUE_BYTES", 297_000_000)  # 330 messages/s of 500 bytes for 30 minutes

# mqtt://user:password@host:port, or mqtts:// for TLS. It wins over the active MQTTBroker row; where the platform keeps
# the broker's files it is the listener of its own, and the row is what meters are told.
MQTT_URL = env.text("MQTT_URL", f"mqtt://{BROKER_LISTENER}" if BROKER_FOLDER and BROKER_LISTENER else "")

# A broker that asks us who may come in (EMQX and others) says this secret; empty: nobody may ask.
BROKER_AUTH_SECRET = env.text("BROKER_AUTH_SECRET")
# Addresses that the test of a connection may reach although they are not public, such as a VPN's.
BROKER_TEST_NETWORKS = env.networks("BROKER_TEST_NETWORKS")
