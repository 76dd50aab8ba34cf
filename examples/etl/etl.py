"""Loads what is new among raw/*.csv of a container into curated/day=…/orders.*, and sums it in marts/revenue.csv.

The days are CSV; with TABLES=parquet_table they are Parquet.

state.json says which files have been loaded. It is written last, and only if nobody else has written it meanwhile: a
run that dies before is done again, with the same result, because an order is known by its number.
Prints one line of JSON: how many files and rows were new, and the days that they concern.
"""
import importlib
import json
import os

import csv_table
from blobs import Container

COLUMNS = ["order", "day", "shop", "quantity", "cents"]
NOTHING = {"loaded": [], "days": {}}
tables = importlib.import_module(os.environ.get("TABLES", "csv_table"))


def load_day(lake, day, new):
    """Puts the new rows over those of the day, and gives its count and sum."""
    path = f"curated/day={day}/orders.{tables.SUFFIX}"
    before, _ = lake.read(path)
    orders = {row["order"]: row for row in (tables.rows_of(before) if before else [])}
    orders.update((row["order"], row) for row in new)
    lake.write(path, tables.data_of(COLUMNS, orders.values()))
    return {"orders": len(orders), "cents": sum(int(row["quantity"]) * int(row["cents"]) for row in orders.values())}


def main(lake):
    data, version = lake.read("state.json")
    state = json.loads(data) if data else NOTHING
    new_files = [path for path in lake.list("raw/") if path not in set(state["loaded"])]
    by_day = {}
    for path in new_files:
        for row in csv_table.rows_of(lake.read(path)[0]):
            by_day.setdefault(row["day"], []).append(row)
    days = {**state["days"], **{day: load_day(lake, day, rows) for day, rows in by_day.items()}}
    if new_files:
        lake.write("marts/revenue.csv", csv_table.data_of(["day", "orders", "revenue"], (
            {"day": day, "orders": sums["orders"], "revenue": f"{sums['cents'] // 100}.{sums['cents'] % 100:02d}"} for day, sums in sorted(days.items()))))
        lake.write("state.json", json.dumps({"loaded": state["loaded"] + new_files, "days": days}).encode(), only_over=version)
    print(json.dumps({"files": len(new_files), "rows": sum(map(len, by_day.values())), "days": sorted(by_day)}))


main(Container(os.environ["LAKE"]))
