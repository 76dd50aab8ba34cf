"""Rows as Parquet, by DuckDB. Each value is text, as in CSV."""
import os
import tempfile

import duckdb

import csv_table

SUFFIX = "parquet"


def rows_of(data):
    with tempfile.TemporaryDirectory(dir=".") as place:
        path = _file(place, "rows.parquet", data)
        found = duckdb.sql("SELECT * FROM read_parquet($path)", params={"path": path})
        return [dict(zip(found.columns, row)) for row in found.fetchall()]


def data_of(columns, rows):
    with tempfile.TemporaryDirectory(dir=".") as place:
        path = os.path.join(place, "rows.parquet")
        duckdb.read_csv(_file(place, "rows.csv", csv_table.data_of(columns, rows)), header=True, all_varchar=True).write_parquet(path, compression="zstd")
        with open(path, "rb") as file:
            return file.read()


def _file(place, name, data):
    path = os.path.join(place, name)
    with open(path, "wb") as file:
        file.write(data)
    return path
