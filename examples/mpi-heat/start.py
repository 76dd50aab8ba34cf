#!/usr/bin/env python3
"""Starts commands on other nodes of a multi-instance task, as ssh would. Usage: --serve | [options] HOST COMMAND..."""
import os
import socket
import subprocess
import sys

PORT = 7702


def serve():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((socket.gethostbyname(socket.gethostname()), PORT))
    listener.listen()
    if os.fork():
        return
    while True:
        connection, _ = listener.accept()
        if os.fork():
            connection.close()
            continue
        listener.close()
        command = connection.makefile().readline()
        code = subprocess.call(['/bin/sh', '-c', command], stdout=connection, stderr=connection)
        connection.sendall(b'\0%d' % code)
        os._exit(0)


def run(host, words):
    with socket.create_connection((host, PORT), timeout=10) as connection:
        connection.settimeout(None)
        connection.sendall((' '.join(words) + '\n').encode())
        said = connection.makefile('rb').read()
    output, _, code = said.rpartition(b'\0')
    sys.stdout.buffer.write(output)
    return int(code or 1)


if sys.argv[1:] == ['--serve']:
    serve()
else:
    rest = sys.argv[1:]
    while rest[0].startswith('-'):
        rest.pop(0)
    sys.exit(run(rest[0], rest[1:]))
