#!/usr/bin/env python3
"""How well `vgg16 train` finds changed labels, beside cleanlab on the same probabilities.

  bench/suspect_labels.py build/cli/vgg16 animals.h5 [--share 0.05] [--seeds 5] [--test-size 0] [--c LIST]

For every seed, changes --share of the labels to another class, each with the same probability, trains, and compares
Report::suspects with the changed rows. cleanlab gets the probabilities of all classes, which scikit-learn computes again
for the chosen C, in the same folds and, for held-out rows, by the fit on all training rows; the largest difference from
this program's probabilities is printed. Needs h5py, numpy, scikit-learn and cleanlab.
"""
import argparse
import json
import os
import subprocess
import tempfile
import warnings

import h5py
import numpy as np
from cleanlab.filter import find_label_issues
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

FILTERS = ['prune_by_noise_rate', 'confident_learning', 'low_self_confidence', 'predicted_neq_given']


def coordinates(rows):
    """Rows in an orthonormal basis of the space that they span: the same optimum in few columns."""
    products = rows @ rows.T
    mean = products.mean(axis=0)
    values, vectors = np.linalg.eigh(products - mean - mean[:, None] + mean.mean())
    kept = values > 1e-13 * values.max()
    return vectors[:, kept] * np.sqrt(values[kept])


def probabilities(x, labels, train, c):
    """Of training rows out of fold, of the others by the fit on all training rows."""
    model = LogisticRegression(C=c, solver='newton-cg', tol=1e-9, max_iter=10000)
    found = np.empty((len(labels), len(np.unique(labels))))
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # its line search gives up at the last bits
        for kept, left_out in StratifiedKFold(3).split(x[:train], labels[:train]):
            found[left_out] = model.fit(x[kept], labels[kept]).predict_proba(x[left_out])
        if train < len(labels):
            found[train:] = model.fit(x[:train], labels[:train]).predict_proba(x[train:])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program')
    parser.add_argument('features')
    parser.add_argument('--share', type=float, default=0.05)
    parser.add_argument('--seeds', type=int, default=5)
    parser.add_argument('--test-size', type=float, default=0)
    parser.add_argument('--c')
    arguments = parser.parse_args()
    with h5py.File(arguments.features) as file:
        rows, labels, names = file['features'][:], file['labels'][:], file['label_names'].asstr()[:]
    x = coordinates(rows.astype(np.float64))
    classes, train = len(names), int(len(labels) * (1 - arguments.test_size))
    totals = {}
    for seed in range(1, arguments.seeds + 1):
        random = np.random.default_rng(seed)
        changed = random.choice(len(labels), round(arguments.share * len(labels)), replace=False)
        given = labels.copy()
        given[changed] = (given[changed] + random.integers(1, classes, len(changed))) % classes
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'changed.h5')
            with h5py.File(path, 'w') as file:
                file['features'], file['labels'] = rows, given
                file.create_dataset('label_names', data=list(names), dtype=h5py.string_dtype())
            command = [arguments.program, 'train', '-d', path, '-m', path + '.model', '--json', '-q',
                       '--test-size', str(arguments.test_size)] + (['--c', arguments.c] if arguments.c else [])
            report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        p = probabilities(x, given, train, report['best_c'])
        off = max((abs(s['label_probability'] - p[s['row'], given[s['row']]]) for s in report['suspects']), default=0)
        listed = {'vgg16': [s['row'] for s in report['suspects']]}
        for kind in FILTERS:
            listed['cleanlab ' + kind] = np.flatnonzero(find_label_issues(given, p, filter_by=kind))
        line = f'seed {seed}: C {report["best_c"]}, accuracy {report["accuracy"]:.4f}, probabilities differ by {off:.0e};'
        for name, found in listed.items():
            right = len(np.intersect1d(found, changed))
            total = totals.setdefault(name, np.zeros(3, int))
            total += [right, len(found), len(changed)]
            line += f' {name} {right} of {len(found)};'
        print(line, flush=True)
    print('\n| | precision | recall | F1 | rows listed |\n|---|--:|--:|--:|--:|')
    for name, (right, found, wanted) in totals.items():
        print(f'| {name} | {right / max(found, 1):.3f} | {right / wanted:.3f} | {2 * right / (found + wanted):.3f} '
              f'| {found / arguments.seeds:.1f} |')


main()
