"""Is 2^P - 1 prime? By the test of Lucas and Lehmer, with checkpoints. Usage: lucas_lehmer.py P

CHECKPOINTS is the link of a container. The state after some iterations is kept there as NUMBER-P.json: every few
seconds, and when the node is about to be taken back (SIGTERM). Begun again on another node, the program goes on there.
Prints one line of JSON. Ends with 75 (try again) when it was told to stop.
"""
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

KEEP_EVERY_S = 2.0


class Checkpoint:
    def __init__(self, container_link, name):
        at = urllib.parse.urlsplit(container_link)
        self.url = urllib.parse.urlunsplit(at._replace(path=f"{at.path}/{name}"))

    def read(self):
        try:
            with urllib.request.urlopen(self.url, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return {"iteration": 0, "residue": "4", "runs": 0}
            raise

    def write(self, state):
        # A blob is replaced whole: a node that dies meanwhile leaves the one before.
        request = urllib.request.Request(self.url, json.dumps(state).encode(), {"x-ms-blob-type": "BlockBlob"}, method="PUT")
        urllib.request.urlopen(request, timeout=30).close()


def square_modulo(residue, exponent, mersenne):
    """residue² - 2 modulo 2^exponent - 1: what lies above the exponent's bits is worth the same below."""
    residue = residue * residue - 2
    while residue > mersenne or residue < 0:
        residue = residue + mersenne if residue < 0 else (residue & mersenne) + (residue >> exponent)
    return 0 if residue == mersenne else residue


def main(exponent):
    told_to_stop = []
    signal.signal(signal.SIGTERM, lambda *_: told_to_stop.append(True))
    checkpoint = Checkpoint(os.environ["CHECKPOINTS"], f"number-{exponent}.json")
    state = checkpoint.read()
    begun_at, residue = state["iteration"], int(state["residue"], 16)
    mersenne = (1 << exponent) - 1
    kept = time.monotonic()
    # What is lost with a node is what was done since the last checkpoint. `runs` is counted at once.
    state["runs"] += 1
    checkpoint.write(state)
    for iteration in range(begun_at, exponent - 2):
        residue = square_modulo(residue, exponent, mersenne)
        if told_to_stop or time.monotonic() - kept > KEEP_EVERY_S:
            checkpoint.write({**state, "iteration": iteration + 1, "residue": f"{residue:x}"})
            kept = time.monotonic()
        if told_to_stop:
            print(f"told to stop after iteration {iteration + 1}", file=sys.stderr)
            return 75
    print(json.dumps({"exponent": exponent, "prime": residue == 0, "runs": state["runs"], "iterations": exponent - 2, "resumed_at": begun_at}))
    return 0


sys.exit(main(int(sys.argv[1])))
