"""Counts the words of 21 bases (k-mers) in a FASTQ file. Usage: count.py READS.fastq.gz COUNTS

A word and the same on the other strand are one, the lesser of both. Writes them in order, with how often they are there.
"""
import collections
import gzip
import sys

K = 21
OTHER_STRAND = str.maketrans("ACGT", "TGCA")

counts = collections.Counter()
with gzip.open(sys.argv[1], "rt") as file:
    for line_number, line in enumerate(file):
        if line_number % 4 != 1:
            continue
        read = line.rstrip()
        other = read.translate(OTHER_STRAND)[::-1]
        last = len(read) - K
        counts.update(min(read[at:at + K], other[last - at:last - at + K]) for at in range(last + 1))
with open(sys.argv[2], "w", encoding="ascii") as file:
    file.writelines(f"{word} {count}\n" for word, count in sorted(counts.items()))
