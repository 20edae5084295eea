"""Drive Firefox by its own protocol (Marionette), as far as the tests need it; no driver has to be installed."""

import json
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from itertools import count

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
HIDDEN = ["--headless", "--no-remote", "--marionette"]


class Marionette:
    """One connection. Messages are JSON with their length before them."""

    def __init__(self, port):
        self.stream = socket.create_connection(("127.0.0.1", port), timeout=60).makefile("rwb")
        self.numbers = count(1)
        self.received()  # its greeting
        self("WebDriver:NewSession")

    def received(self):
        length = b""
        while not length.endswith(b":"):
            length += self.stream.read(1)
        return json.loads(self.stream.read(int(length[:-1])))

    def __call__(self, command, **parameters):
        message = json.dumps([0, next(self.numbers), command, parameters])
        self.stream.write(f"{len(message)}:{message}".encode())
        self.stream.flush()
        _, _, error, result = self.received()
        if error:
            raise RuntimeError(f"{command}: {error['error']}: {error['message']}")
        return result.get("value") if isinstance(result, dict) else result

    def open(self, path):
        self("WebDriver:Navigate", url=path.as_uri())

    def script(self, body, *args):
        return self("WebDriver:ExecuteScript", script=body, args=list(args))

    def press(self, key):
        """A key, by its code point in the WebDriver standard."""
        actions = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self("WebDriver:PerformActions", actions=[{"type": "key", "id": "keys", "actions": actions}])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def firefox():
    """A hidden Firefox with a profile of its own."""
    with tempfile.TemporaryDirectory() as profile:
        port = free_port()
        with open(f"{profile}/user.js", "w") as settings:
            settings.write(f'user_pref("marionette.port", {port});\n')
        process = subprocess.Popen([FIREFOX, *HIDDEN, "--profile", profile], stderr=subprocess.DEVNULL)
        try:
            for _ in range(120):
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.5)
            yield Marionette(port)
        finally:
            process.terminate()
            process.wait(20)
