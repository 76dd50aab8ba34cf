"""Merges sorted counts of k-mers, and writes spectrum.txt: how many words are there how often, and what that means.

Words with an error of the sequencer are there once or twice; those of the genome about as often as each place was
read. Between them is a valley. What lies above it, divided by the place of the peak, is the length of the genome.
"""
import collections
import heapq
import itertools
import sys

K, WIDTH, SHOWN = 21, 60, 50


def words(path):
    with open(path, encoding="ascii") as file:
        for line in file:
            word, count = line.split()
            yield word, int(count)


def spectrum(paths):
    """By how often: so many words. Each file is read line by line; no more than a line of each is in memory."""
    times = collections.Counter()
    for _, same in itertools.groupby(heapq.merge(*map(words, paths)), key=lambda pair: pair[0]):
        times[sum(count for _, count in same)] += 1
    return times


def valley_of(times):
    often = 1
    while often < max(times) and times[often + 1] <= times[often]:
        often += 1
    return often


times = spectrum(sys.argv[1:])
valley = valley_of(times)
peak = max(range(valley + 1, max(times) + 1), key=lambda often: times[often])
# The mean around the peak says more than the peak itself.
around = range(max(valley, peak - peak // 3), peak + peak // 3 + 1)
depth = sum(often * times[often] for often in around) / sum(times[often] for often in around)
genome = sum(often * count for often, count in times.items() if often > valley) / depth
all_words = sum(often * count for often, count in times.items())
wrong = sum(often * count for often, count in times.items() if often <= valley) / all_words
repeated = sum(often * count for often, count in times.items() if often > 1.5 * depth) / depth / genome
most = max(times[often] for often in range(valley, max(times) + 1))
with open("spectrum.txt", "w", encoding="utf-8") as out:
    print("times  words", file=out)
    for often in range(1, min(max(times), SHOWN) + 1):
        print(f"{often:5d} {times[often]:6d} {'#' * min(WIDTH, round(WIDTH * times[often] / most))}", file=out)
    print(f"{all_words} words in all, {sum(times.values())} different; each place of the genome is covered {depth:.1f} times", file=out)
    print(f"the genome has about {genome:.0f} bases, {100 * repeated:.0f} % of them in what is there twice; errors of the sequencer: {100 * (1 - (1 - wrong) ** (1 / K)):.2f} % of bases", file=out)
