"""Runs the README's Python in a folder with animals.h5, animals.model and expected.txt: run_readme.py README.md

expected.txt has the class that the program gives each row, and the probability of each class. Exit status 0 where what the README shows is true.
"""
import re
import sys

import numpy
from scipy.special import expit

with open(sys.argv[1], encoding='utf-8') as readme:
    blocks = re.findall(r'^```python\n(.*?)^```$', readme.read(), re.MULTILINE | re.DOTALL)
blocks = [block for block in blocks if 'import vgg16' not in block]  # check_module.py runs that one
assert len(blocks) == 2, f'{len(blocks)} blocks of Python'
names = {}
for block in blocks:
    exec(compile(block, sys.argv[1], 'exec'), names)

x, y, model = names['x'], names['y'], names['model']
assert x.dtype == numpy.float32 and y.dtype == numpy.int64 and len(x) == len(y) == 24
with open('expected.txt', encoding='utf-8') as file:
    lines = [line.split('\t') for line in file]
expected = [line[0] for line in lines]
probabilities = numpy.array([line[1:] for line in lines], dtype=float)
assert list(model.predict(x)) == expected
assert list(names['names'][y]) == expected, 'the classes are easy to tell apart'
if hasattr(model, 'predict_proba'):
    theirs = model.predict_proba(x)
else:  # an SVM: a sigmoid for each class, divided by their sum
    scores = model.decision_function(x)
    theirs = expit(scores if scores.ndim == 2 else numpy.stack([-scores, scores], axis=1))
    theirs /= theirs.sum(axis=1, keepdims=True)
assert numpy.allclose(theirs, probabilities, atol=1e-6)
