"""One table of what all shards said: which digit was taken for which."""
import sys

table = [[0] * 10 for _ in range(10)]
numbers = set()
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        for line in file:
            number, is_digit, said = map(int, line.split())
            numbers.add(number)
            table[is_digit][said] += 1
read = sum(map(sum, table))
if len(numbers) != read:
    raise SystemExit(f"{read} lines for {len(numbers)} pictures: some were read twice")
right = sum(table[digit][digit] for digit in range(10))
print("        read as")
print("digit " + "".join(f"{digit:5d}" for digit in range(10)) + "   right")
for digit, row in enumerate(table):
    print(f"{digit:5d} " + "".join(f"{count or '.':>5}" for count in row) + f"{100 * row[digit] / max(sum(row), 1):6.1f} %")
print(f"{read} pictures in {len(sys.argv) - 1} shards, {100 * right / read:.1f} % read right")
