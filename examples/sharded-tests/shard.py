"""Runs its part of the suite, and writes a JUnit file. Usage: shard.py NUMBER OF FILE

Parts take about as long as each other: tests are dealt out longest first, each to the part that has least so far, by
how long tests of their subject took before (durations.json). All shards reckon alike, so that each test is in one.
"""
import json
import re
import sys
import time
import unittest
import xml.etree.ElementTree as xml

from suite import cases


def parts(tests, durations, count):
    shares = [(0.0, number, []) for number in range(count)]
    for test in sorted(tests, key=lambda test: (-durations[type(test).__name__], test.id())):
        least, number, part = min(shares)[:3]
        part.append(test)
        shares[number] = (least + durations[type(test).__name__], number, part)
    return [part for _, _, part in shares]


def run(test):
    """A test as an element of a JUnit file."""
    began = time.perf_counter()
    result = unittest.TestResult()
    test.run(result)
    name = test.id().rsplit(".", 1)[1]
    element = xml.Element("testcase", classname=type(test).__name__, name=name, time=f"{time.perf_counter() - began:.6f}")
    for kind, found in (("failure", result.failures), ("error", result.errors)):
        for _, trace in found:
            xml.SubElement(element, kind, message=headline(trace)).text = trace
    return element


def headline(trace):
    """The line that names the error; what differs may stand below it."""
    lines = trace.strip().splitlines()
    return next((line for line in lines if re.match(r"[\w.]+(Error|Exception)\b", line)), lines[-1])


number, count, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
tests = [test for subject in cases.SUBJECTS for test in unittest.defaultTestLoader.loadTestsFromTestCase(subject)]
with open("durations.json", encoding="utf-8") as file:
    durations = json.load(file)
elements = [run(test) for test in parts(tests, durations, count)[number - 1]]
suite = xml.Element("testsuite", name=f"shard {number}", tests=str(len(elements)), time=f"{sum(float(one.get('time')) for one in elements):.3f}")
for kind in ("failure", "error"):
    suite.set(f"{kind}s", str(sum(one.find(kind) is not None for one in elements)))
suite.extend(elements)
xml.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
