"""Add up the test reports (JUnit's XML) of a directory and print one line: N passed, N failed, N skipped."""

import sys
from pathlib import Path
from xml.etree import ElementTree

total, failed, skipped = 0, 0, 0
for report in sorted(Path(sys.argv[1]).glob("*.xml")):
    for suite in ElementTree.parse(report).iter("testsuite"):
        total += int(suite.get("tests"))
        failed += int(suite.get("failures")) + int(suite.get("errors"))
        skipped += int(suite.get("skipped"))
print(f"{total - failed - skipped} passed, {failed} failed, {skipped} skipped")
