# tests/e2e/yaml_compare.py - compares what two readers say (tests/unit/doc_to_json.c) file by file.
#
# usage: yaml_compare.py OURS THEIRS FILE... ; both hold "---" behind each file. Prints how many files both read alike, how
# many one of them refuses, and each file that they read differently; fails when there is one.
import json, sys
from decimal import Decimal

def files_of(path):
    found, lines = [], []
    for line in open(path, encoding="utf-8"):
        if line == "---\n":
            found.append(lines)
            lines = []
        else:
            lines.append(line)
    return found

def value(line):
    return json.loads(line, parse_int=Decimal, parse_float=lambda text: Decimal(repr(float(text))))

ours, theirs, names = files_of(sys.argv[1]), files_of(sys.argv[2]), sys.argv[3:]
assert len(ours) == len(theirs) == len(names), (len(ours), len(theirs), len(names))
alike = refused = differ = 0
for name, one, other in zip(names, ours, theirs):
    if any(line.startswith("refused") for line in one + other):
        refused += 1
    elif [value(line) for line in one] == [value(line) for line in other]:
        alike += 1
    else:
        differ += 1
        print(f"read differently: {name}")
print(f"{alike} alike, {refused} refused by one, {differ} differ")
sys.exit(1 if differ or not alike else 0)
