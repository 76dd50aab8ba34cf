"""What a coordination command leaves running on each node, and what the primary asks it. Usage: start | ask"""
import json
import os
import socket
import sys

PORT = 7701


def start():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # The same port on each node: each has an address of its own.
    listener.bind((socket.gethostbyname(socket.gethostname()), PORT))
    listener.listen()
    if os.fork():
        return
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(json.dumps(described(listener.getsockname()[0])).encode())


def described(address):
    environment = os.environ
    return {
        'address': address,
        'master': environment['AZ_BATCH_IS_CURRENT_NODE_MASTER'],
        'hosts': environment['AZ_BATCH_HOST_LIST'],
        'nodes': environment['AZ_BATCH_NODE_LIST'],
        'primary': environment['AZ_BATCH_MASTER_NODE'],
        'ccp': len(environment['CCP_NODES'].split()),
        'files': sorted(os.listdir(environment['AZ_BATCH_TASK_WORKING_DIR'])),
    }


def ask():
    for host in os.environ['AZ_BATCH_HOST_LIST'].split(','):
        with socket.create_connection((host, PORT), timeout=10) as connection:
            print(connection.makefile().read(), flush=True)


{'start': start, 'ask': ask}[sys.argv[1]]()
