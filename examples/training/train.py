"""Trains the network, data-parallel: each rank takes its share of each batch, the gradients are added up by all of them.

Without --ranks it is alone. With --wait it is one of the other nodes: it goes on in the background.
Rank 0 keeps model.json after each epoch, and prints what has become of loss and accuracy.
"""
import argparse
import os
import socket

from digits import digit
from network import SIZE, Network, beginning, load, save
from ring import Ring

BATCH, RATE, MOMENTUM = 60, 0.2, 0.8
CHECKED = 300


def train(ring, kept, epochs, samples):
    # A rank draws only its own part of the data.
    mine = [digit("train", number) for number in range(ring.rank, samples, ring.size)]
    unseen = [digit("new", number) for number in range(ring.rank, CHECKED, ring.size)]
    share = BATCH // ring.size
    weights, velocity = kept["weights"], kept["velocity"]
    for epoch in range(kept["epochs"] + 1, epochs + 1):
        loss, seen = 0.0, 0
        for start in range(0, len(mine), share):
            part = mine[start:start + share]
            # The last number but one is the loss, the last how many samples there were.
            *gradient, lost, count = ring.sum(Network(weights).gradient(part) + [float(len(part))])
            velocity = [MOMENTUM * speed - RATE * slope / count for speed, slope in zip(velocity, gradient)]
            weights = [weight + speed for weight, speed in zip(weights, velocity)]
            loss, seen = loss + lost, seen + count
        network = Network(weights)
        (right,) = ring.sum([float(sum(network.says(picture) == is_digit for picture, is_digit in unseen))])
        if ring.rank == 0:
            save("model.json", {"epochs": epoch, "weights": weights, "velocity": velocity})
            loss /= seen
            print(f"{epoch:5d}  {loss:.5f}  {100 * right / CHECKED:5.1f} %  {'#' * round(20 * loss)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--wait", action="store_true")
    parser.add_argument("--from", dest="before", help="a model.json to go on from")
    parser.add_argument("--epochs", type=int, required=True, help="in all, those of the model to go on from included")
    parser.add_argument("--samples", type=int, required=True)
    given = parser.parse_args()
    if BATCH % given.ranks or given.samples % BATCH:
        raise SystemExit(f"a batch has {BATCH} samples: ranks divide it, and it divides the samples")
    kept = load(given.before) if given.before else {"epochs": 0, "weights": beginning(), "velocity": [0.0] * SIZE}
    if given.wait and os.fork():
        # The coordination command is over, its process goes on.
        return
    ring = Ring(given.ranks, gathers=not given.wait)
    if ring.rank == 0:
        print(f"{given.ranks} ranks, {given.samples} pictures, {SIZE} weights; rank 0 is on {os.environ.get('AZ_BATCH_NODE_ID', socket.gethostname())}")
        print("epoch     loss   unseen  loss, as a curve")
    train(ring, kept, given.epochs, given.samples)


main()
