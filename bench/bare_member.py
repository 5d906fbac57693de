"""One of a group of bare paho consumers, that decodes and forgets until it is ended.

`python -m bench.bare_member PORT ID`: what a message costs it when others share the subscription is what the machine
and the client library take for that.
"""

from __future__ import annotations

import json
import sys

from paho.mqtt import client as mqtt

TOGETHER = 50  # acknowledgements at a time: the last ones are owed when it ends, and nobody waits for them


def main(port: int, client_id: str) -> None:
    pending: list[int] = []

    def on_message(client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        json.loads(message.payload)
        pending.append(message.mid)
        if len(pending) >= TOGETHER:
            for mid in pending:
                client.ack(mid, 1)
            pending.clear()

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True, manual_ack=True)
    client.on_message = on_message
    client.on_connect = lambda client, *_: client.subscribe("$share/bare/cercollettiva/#", 1)
    client.on_subscribe = lambda *_: print("Subscribed", flush=True)
    client.connect("127.0.0.1", port)
    client.loop_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
