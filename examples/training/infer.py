"""Reads its shard of the pictures by a trained model. Prints, for each, what it is and what the model says. infer.py MODEL SHARD SHARDS PICTURES"""
import sys

from digits import digit
from network import Network, load

model, shard, shards, pictures = sys.argv[1], *map(int, sys.argv[2:])
network = Network(load(model)["weights"])
for number in range(shard - 1, pictures, shards):
    # Nobody has seen these: the training checks itself on others.
    picture, is_digit = digit("mail", number)
    print(number, is_digit, network.says(picture))
