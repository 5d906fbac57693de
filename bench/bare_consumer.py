"""The baseline: a bare paho consumer with manual acknowledgement that decodes and forgets.

`python -m bench.bare_consumer PORT N` prints JSON: what reading N messages costs when nothing is done with them.
"""

from __future__ import annotations

import json
import sys
import time

from paho.mqtt import client as mqtt

TOGETHER = 500  # acknowledgements at a time, as the ingestor does


def main(port: int, messages: int) -> None:
    pending: list[int] = []
    seen = 0
    began = cpu = 0.0

    def on_message(client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        nonlocal seen, began, cpu
        if not seen:
            began, cpu = time.perf_counter(), time.process_time()
        json.loads(message.payload)
        pending.append(message.mid)
        seen += 1
        if len(pending) >= TOGETHER or seen == messages:
            for mid in pending:
                client.ack(mid, 1)
            pending.clear()
        if seen == messages:
            seconds = time.perf_counter() - began
            cost = (time.process_time() - cpu) / messages * 1e6
            print(json.dumps({"messages_per_s": messages / seconds, "cpu_us_per_message": cost}), flush=True)
            client.disconnect()

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="bare", clean_session=True, manual_ack=True)
    client.on_message = on_message
    client.on_connect = lambda client, *_: client.subscribe("cercollettiva/#", 1)
    client.connect("127.0.0.1", port)
    client.loop_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
