#!/usr/bin/env python3
"""Random forests of `vgg16 train` beside scikit-learn's RandomForestClassifier, in turns on this machine.

  venv/bin/pip install -r tests/python/requirements.txt
  venv/bin/python bench/forest_peers.py PROGRAM speed easy17.h5 ...      features files, as of bench/training_sets.py
  venv/bin/python bench/forest_peers.py PROGRAM accuracy base.h5 digits ...

speed      300 trees on the first three quarters of the rows, 2 threads: our last fit ("refit" of the report; the rows are
           in memory and divided into columns, which is part of "read") and scikit-learn's fit(n_jobs=2) of float32 rows
accuracy   100 trees, 10 seeds: the mean accuracy on the last quarter, and out of bag; `digits` is scikit-learn's set
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import h5py
import numpy
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier


def rows_of(name):
    if name == 'digits':
        rows, labels = load_digits(return_X_y=True)
        order = numpy.random.default_rng(1).permutation(len(labels))
        return rows[order].astype(numpy.float32), labels[order]
    with h5py.File(name) as file:
        return file['features'][:], file['labels'][:]


def train(program, folder, name, *options):
    given = ['-d', name]
    if name == 'digits':
        rows, labels = rows_of(name)
        numpy.save(folder / 'x.npy', rows)
        numpy.save(folder / 'y.npy', labels)
        given = ['-d', folder / 'x.npy', '--labels', folder / 'y.npy']
    command = [program, 'train', *given, '-m', folder / 'm.model', '--overwrite', '--json', '-q', '-j', '2',
               '--classifier', 'forest', *options]
    return json.loads(subprocess.run([str(c) for c in command], check=True, capture_output=True).stdout)


def speed(program, folder, names, rounds):
    for name in names:
        rows, labels = rows_of(name)
        n = int(len(labels) * 0.75)
        ours, reading, theirs = [], [], []
        for seed in range(rounds):
            report = train(program, folder, name, '--trees', '300', '--folds', '2', '--seed', str(seed))
            ours.append(report['seconds']['refit'])
            reading.append(report['seconds']['read'])
            begin = time.perf_counter()
            RandomForestClassifier(300, n_jobs=2, random_state=seed).fit(rows[:n], labels[:n])
            theirs.append(time.perf_counter() - begin)
        ratios = [t / o for t, o in zip(theirs, ours)]
        size = (folder / 'm.model').stat().st_size / 1e6
        print(f'{pathlib.Path(name).name}: {n} x {rows.shape[1]}, {(rows == 0).mean():.1%} zeros; ours '
              f'{statistics.median(ours):.2f} s (read {statistics.median(reading):.2f}), scikit-learn '
              f'{statistics.median(theirs):.2f} s, ratio {statistics.median(ratios):.1f} ({min(ratios):.1f} to '
              f'{max(ratios):.1f}); model {size:.1f} MB', flush=True)


def accuracy(program, folder, names, rounds):
    for name in names:
        rows, labels = rows_of(name)
        n = int(len(labels) * 0.75)
        found = []
        for seed in range(rounds):
            report = train(program, folder, name, '--folds', '2', '--seed', str(seed))
            model = RandomForestClassifier(n_jobs=2, random_state=seed, oob_score=True).fit(rows[:n], labels[:n])
            found.append((report['accuracy'], model.score(rows[n:], labels[n:]),
                          report['forest']['out_of_bag_accuracy'], model.oob_score_))
        means = [statistics.mean(column) for column in zip(*found)]
        spread = [statistics.stdev(column) for column in zip(*found)]
        print(f'| {pathlib.Path(name).name} | {means[0]:.4f} | {means[1]:.4f} | {means[2]:.4f} | {means[3]:.4f} | '
              f'{max(spread[:2]):.4f} | {max(spread[2:]):.4f} |', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('program', type=pathlib.Path)
    parser.add_argument('what', choices=('speed', 'accuracy'))
    parser.add_argument('names', nargs='+')
    parser.add_argument('--rounds', type=int, default=0, help='3 for speed, 10 seeds for accuracy')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure, rounds = (speed, 3) if args.what == 'speed' else (accuracy, 10)
        measure(args.program.resolve(), pathlib.Path(folder), args.names, args.rounds or rounds)


if __name__ == '__main__':
    main()
