"""Makes what a sequencer would give: reads of a genome made up, with errors. Usage: sequence.py LENGTH COVERAGE FILES DIRECTORY

A part of the genome stands there twice. Half of the reads are of the other strand. The same genome and reads each time.
"""
import gzip
import os
import random
import sys

READ, ERRORS, REPEATED = 100, 0.01, 0.1
OTHER_STRAND = str.maketrans("ACGT", "TGCA")


def read_of(genome, chance):
    at = chance.randrange(len(genome) - READ + 1)
    read = list(genome[at:at + READ])
    for place in range(READ):
        if chance.random() < ERRORS:
            read[place] = chance.choice([base for base in "ACGT" if base != read[place]])
    text = "".join(read)
    return text if chance.random() < 0.5 else text.translate(OTHER_STRAND)[::-1]


length, coverage, files, directory = *map(int, sys.argv[1:4]), sys.argv[4]
if length < 10 * READ:
    sys.exit(f"a genome has {10 * READ} bases at least")
chance = random.Random(f"{length}/{coverage}")
once = "".join(chance.choices("ACGT", k=length - int(length * REPEATED)))
genome = once + once[:int(length * REPEATED)]
reads = length * coverage // READ
for number in range(files):
    with gzip.open(os.path.join(directory, f"lane{number + 1}.fastq.gz"), "wt", compresslevel=1) as file:
        for index in range(reads * number // files, reads * (number + 1) // files):
            file.write(f"@read{index}\n{read_of(genome, chance)}\n+\n{'I' * READ}\n")
