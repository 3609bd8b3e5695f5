"""Runs the README's Python in a folder with animals.h5, animals.model and expected.txt: run_readme.py README.md

expected.txt has the class that the program gives each row. Exit status 0 where what the README shows is true.
"""
import re
import sys

import numpy

with open(sys.argv[1], encoding='utf-8') as readme:
    blocks = re.findall(r'^```python\n(.*?)^```$', readme.read(), re.MULTILINE | re.DOTALL)
assert len(blocks) == 2, f'{len(blocks)} blocks of Python'
names = {}
for block in blocks:
    exec(compile(block, sys.argv[1], 'exec'), names)

x, y, model = names['x'], names['y'], names['model']
assert x.dtype == numpy.float32 and y.dtype == numpy.int64 and len(x) == len(y) == 24
with open('expected.txt', encoding='utf-8') as file:
    expected = file.read().split('\n')[:-1]
assert list(model.predict(x)) == expected
assert list(names['names'][y]) == expected, 'the classes are easy to tell apart'
assert numpy.allclose(model.predict_proba(x).sum(axis=1), 1)
