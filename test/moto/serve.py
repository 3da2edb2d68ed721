"""Serves moto on a free port of 127.0.0.1, says which, and ends when its standard input does.

Three things that the steps ask for and moto lacks are added: the SSM agents of an account that has
none, a filter, and signatures of digests, which moto would hash once more.
"""

import logging
import sys
import threading

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.kms.utils import ECDSAPrivateKey
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

moto = DomainDispatcherApplication(create_backend_app)
lock = threading.Lock()


def serve(environ, start_response):
    if environ.get("HTTP_X_AMZ_TARGET") == "AmazonSSM.DescribeInstanceInformation":
        start_response("200 OK", [("Content-Type", "application/x-amz-json-1.1")])
        return [b'{"InstanceInformationList": []}']
    # moto undoes a refused transaction by restoring its copy of the table, and so would undo what
    # another thread wrote meanwhile. AWS's transactions are atomic.
    with lock:
        return moto(environ, start_response)


known_filter_value = NetworkInterface.get_filter_value


def filter_value(interface, name, *rest):
    if name == "association.public-ip":
        return interface.public_ip
    return known_filter_value(interface, name, *rest)


NetworkInterface.get_filter_value = filter_value


def sign_digest(key, digest, _signing_algorithm):
    return key.private_key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))


ECDSAPrivateKey.sign = sign_digest

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = make_server("127.0.0.1", 0, serve, threaded=True, request_handler=MotoRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.port, flush=True)
sys.stdin.read()
