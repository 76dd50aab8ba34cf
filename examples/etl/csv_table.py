"""Rows as CSV."""
import csv
import io

SUFFIX = "csv"


def rows_of(data):
    return list(csv.DictReader(io.StringIO(data.decode())))


def data_of(columns, rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()
