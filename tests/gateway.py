"""A real gateway for text messages: an HTTP server that keeps what it is sent and can be told to misbehave."""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Gateway:
    """What it was sent is in `requests`: (headers, body). The other attributes say how it misbehaves."""

    def __init__(self):
        self.requests = []
        self.status = 202
        self.delay_seconds = 0
        self.drops = 0  # so many requests are taken, and the connection cut instead of an answer
        self.closes = False  # each answer closes the connection


@contextlib.contextmanager
def running(settings):
    """The gateway, listening, with the settings pointing at it."""
    gateway = Gateway()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            gateway.requests.append((dict(self.headers), body))
            time.sleep(gateway.delay_seconds)
            if gateway.drops:
                gateway.drops -= 1
                self.close_connection = True
                return
            self.send_response(gateway.status)
            self.send_header("Content-Length", "2")
            if gateway.closes:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    settings.SMS_URL = f"http://127.0.0.1:{server.server_port}/send"
    settings.SMS_TOKEN, settings.SMS_SENDER = "the-token", "Riverside"
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
