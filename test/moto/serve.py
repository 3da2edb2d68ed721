"""Serves moto on a free port of 127.0.0.1, says which, and ends when its standard input does.

What the steps ask for and moto lacks is added in `additions.py`, which says how far it goes.
"""

import logging
import sys
import threading

import additions
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

moto = DomainDispatcherApplication(create_backend_app)
lock = threading.Lock()


def serve(environ, start_response):
    answered = additions.answer(environ, start_response)
    if answered is not None:
        return answered
    # moto undoes a refused transaction by restoring its copy of the table, and so would undo what
    # another thread wrote meanwhile. AWS's transactions are atomic.
    with lock:
        return moto(environ, start_response)


logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = make_server("127.0.0.1", 0, serve, threaded=True, request_handler=MotoRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.port, flush=True)
sys.stdin.read()
