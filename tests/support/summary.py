"""Adds up CTest's JUnit files and prints what was skipped, why, and one closing line.

usage: summary.py RUN.xml...
Exit status 1 where a test failed, where none ran, or where a file cannot be read.
"""
import collections
import re
import sys
import xml.etree.ElementTree as ElementTree


def skip_reason(case):
    """The line after GoogleTest's `file:line: Skipped`; of any other program the first line that it printed."""
    output = case.findtext('system-out') or ''
    found = re.search(r': Skipped\n(.+)', output) or re.search(r'(\S.*)', output)
    return found.group(1).strip() if found else 'no reason given'


def read(file, passed, failed, skipped):
    for case in ElementTree.parse(file).getroot().iter('testcase'):
        name, status, note = case.get('name'), case.get('status'), case.find('skipped')
        if status == 'run':
            passed.append(name)
        elif status == 'disabled':
            skipped['disabled'].append(name)
        elif status == 'notrun' and note is not None and note.get('message', '').startswith('SKIP_'):
            skipped[skip_reason(case)].append(name)
        else:  # failed, crashed, out of time, or its program was not built
            failed.append(name)


def main(files):
    passed, failed, skipped = [], [], collections.defaultdict(list)
    for file in files:
        try:
            read(file, passed, failed, skipped)
        except (OSError, ElementTree.ParseError) as error:
            failed.append(f'{file}: {error}')
    for reason, names in sorted(skipped.items()):
        print(f'{len(names)} skipped: {reason} ({", ".join(names[:3])}{", ..." if len(names) > 3 else ""})')
    for name in failed:
        print(f'failed: {name}')
    print(f'{len(passed)} passed, {len(failed)} failed, {sum(map(len, skipped.values()))} skipped')
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
