#!/usr/bin/env python3
"""What the C interface and the Python module add to a call: one row of 64 numbers is classified in C++, in C and in Python.

  cmake --install build --prefix build/installed
  python3 bench/call_overhead.py build/bench/vgg16_call_times build/installed/share/vgg16

Needs NumPy. Prints the median times of a call, in rounds that alternate between the program and Python.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

ROUNDS, BLOCKS, CALLS = 5, 41, 1000

if len(sys.argv) != 3:
    sys.exit(__doc__)
sys.path.insert(0, sys.argv[2])
import vgg16  # noqa: E402

random = np.random.default_rng(1)
x = random.normal(size=(90, 64)).astype(np.float32)
model = vgg16.train(x, np.array(['cats', 'dogs', 'panda'])[np.arange(90) % 3], c=[0.01])
row = np.full((1, 64), 0.5, np.float32)
times = {'cpp_us': [], 'c_us': [], 'python_us': []}
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, 'calls.model')
    model.save(path)
    for _ in range(ROUNDS):
        line = subprocess.run([sys.argv[1], path], capture_output=True, text=True, check=True).stdout
        for name, value in json.loads(line).items():
            times[name].append(value)
        for _ in range(BLOCKS):
            start = time.perf_counter()
            for _ in range(CALLS):
                model.predict_proba(row)
            times['python_us'].append(1e6 * (time.perf_counter() - start) / CALLS)
cpp, c, python = (statistics.median(values) for values in times.values())
print(f'C++ {cpp:.2f} us, C {c:.2f} us, Python {python:.2f} us a call')
print(f'C over C++ {c - cpp:.2f} us, Python over C {python - c:.2f} us')
