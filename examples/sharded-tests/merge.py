"""Merges JUnit files into junit.xml, and prints a table. Usage: merge.py FILE… | merge.py --verdict FILE

With --verdict it names what failed in a merged file, and ends with 1 if anything did.
"""
import collections
import sys
import xml.etree.ElementTree as xml

MOST_NAMED = 5


def failed(case):
    return case.find("failure") is not None or case.find("error") is not None


def merge(paths):
    suites = xml.Element("testsuites")
    suites.extend(sorted((xml.parse(path).getroot() for path in paths), key=lambda suite: int(suite.get("name").split()[1])))
    cases = list(suites.iter("testcase"))
    twice = [name for name, times in collections.Counter((case.get("classname"), case.get("name")) for case in cases).items() if times > 1]
    if twice:
        sys.exit(f"in several shards: {twice[:MOST_NAMED]}")
    for key in ("tests", "failures", "errors"):
        suites.set(key, str(sum(int(suite.get(key)) for suite in suites)))
    suites.set("time", f"{sum(float(suite.get('time')) for suite in suites):.3f}")
    xml.ElementTree(suites).write("junit.xml", encoding="utf-8", xml_declaration=True)


def verdict(path):
    suites = xml.parse(path).getroot()
    print("shard     tests  failed   seconds")
    for suite in suites:
        print(f"{suite.get('name'):8} {int(suite.get('tests')):6d} {sum(map(failed, suite)):7d} {float(suite.get('time')):9.2f}")
    cases = list(suites.iter("testcase"))
    bad = [case for case in cases if failed(case)]
    for case in bad[:MOST_NAMED]:
        why = case.find("failure") if case.find("failure") is not None else case.find("error")
        print(f"failed: {case.get('classname')}.{case.get('name')}: {why.get('message')}")
    if len(bad) > MOST_NAMED:
        print(f"… and {len(bad) - MOST_NAMED} more: {path}")
    print(f"{len(cases)} tests, {len(bad)} failed; all of them: {path}")
    return 1 if bad else 0


if sys.argv[1] == "--verdict":
    sys.exit(verdict(sys.argv[2]))
merge(sys.argv[1:])
