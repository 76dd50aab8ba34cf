"""All-reduce over sockets: each of several processes has a list of numbers, and in the end all have the sum.

The processes meet at the first one, which gives them their ranks. From then on each sends to the next and hears from the
one before, a part of the list at a time: whatever their number, each sends less than twice its list in a round.
"""
import json
import os
import socket
import threading
import time
from array import array

MEET_WITHIN_S = 300


def meeting_place():
    """Batch names it to all nodes of a multi-instance task, the address that is the first one's."""
    host, _, port = os.environ["AZ_BATCH_MASTER_NODE"].rpartition(":")
    return host, int(port)


class Ring:
    """rank 0 gathers the others; they call with rank None, and are given one."""

    def __init__(self, size, gathers):
        self.rank, self.size = 0, size
        if size == 1:
            return
        place = meeting_place()
        with socket.socket() as listener:
            if gathers:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(place)
                listener.listen()
                listener.settimeout(MEET_WITHIN_S)
                addresses, guests = [place], []
                while len(addresses) < size:
                    guest = listener.accept()[0].makefile("rw")
                    addresses.append(tuple(json.loads(guest.readline())))
                    guests.append(guest)
                for rank, guest in enumerate(guests, 1):
                    guest.write(json.dumps([rank, addresses]) + "\n")
                    guest.flush()
            else:
                host = called(place)
                listener.bind((host.getsockname()[0], 0))
                listener.listen()
                lines = host.makefile("rw")
                lines.write(json.dumps(listener.getsockname()) + "\n")
                lines.flush()
                self.rank, addresses = json.loads(lines.readline())
            self.next = called(tuple(addresses[(self.rank + 1) % size]))
            listener.settimeout(MEET_WITHIN_S)
            self.before = listener.accept()[0]
        for connection in (self.next, self.before):
            connection.settimeout(MEET_WITHIN_S)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.heard = self.before.makefile("rb")

    def sum(self, values):
        """The sums, the same to the last bit in all processes."""
        if self.size == 1:
            return values
        cuts = [len(values) * part // self.size for part in range(self.size + 1)]
        parts = [array("d", values[start:end]) for start, end in zip(cuts, cuts[1:])]
        # Each part goes once around and is added up; the sums go around once more.
        for step in range(2 * self.size - 2):
            sent, got = (self.rank - step) % self.size, (self.rank - step - 1) % self.size
            new = self._exchange(parts[sent], len(parts[got]))
            parts[got] = new if step >= self.size - 1 else array("d", map(float.__add__, parts[got], new))
        return [value for part in parts for value in part]

    def _exchange(self, part, length):
        # Who only sent would wait for one who only sends.
        sending = threading.Thread(target=self.next.sendall, args=(part.tobytes(),))
        sending.start()
        data = self.heard.read(length * part.itemsize)
        sending.join()
        if len(data) < length * part.itemsize:
            raise SystemExit("the process before this one in the ring has ended")
        return array("d", data)


def called(place):
    """A connection, as soon as somebody listens there."""
    deadline = time.monotonic() + MEET_WITHIN_S
    while True:
        try:
            return socket.create_connection(place, timeout=MEET_WITHIN_S)
        except OSError as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"nobody listens at {place[0]}:{place[1]}: {error}") from error
            time.sleep(0.1)
