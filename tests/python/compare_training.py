"""Compares a training with scikit-learn's optimum on the same rows: compare_training.py FEATURES.h5 REPORT.json

REPORT.json is what `vgg16 train -d FEATURES.h5 --json` printed, with the default --test-size. scikit-learn runs
newton-cg to 1e-9 for the chosen C, in the row space (coordinates U sqrt(S) of the rows' inner products): the same
optimum in few columns. Exit status 1 where our objective is above that by more than 1e-6 relative, or where a held-out
prediction differs although the reference is sure by more than 1e-3.
"""
import json
import sys

import h5py
import numpy
from sklearn.linear_model import LogisticRegression


def main(features, report):
    with h5py.File(features) as file:
        rows, labels = file['features'][:].astype(numpy.float64), file['labels'][:]
        names = list(file['label_names'].asstr()[:])
    with open(report, encoding='utf-8') as file:
        report = json.load(file)
    train = int(len(labels) * 0.75)
    rows -= rows[:train].mean(axis=0)  # the intercept is free, so this changes nothing but the rounding
    values, vectors = numpy.linalg.eigh(rows @ rows.T)
    kept = values > 1e-12 * values.max()
    rows = vectors[:, kept] * numpy.sqrt(values[kept])

    c = report['best_c']
    model = LogisticRegression(C=c, solver='newton-cg', tol=1e-9, max_iter=10000).fit(rows[:train], labels[:train])
    true_class = (numpy.arange(train), numpy.searchsorted(model.classes_, labels[:train]))
    optimum = (model.coef_**2).sum() / 2 - c * model.predict_log_proba(rows[:train])[true_class].sum()
    ours = next(fit['objective'] for fit in report['fits'] if fit['fold'] is None)
    excess = (ours - optimum) / optimum

    probabilities = model.predict_proba(rows[train:])
    predicted = model.classes_[probabilities.argmax(axis=1)]
    second, first = numpy.sort(probabilities, axis=1)[:, -2:].T
    differ = predicted != [names.index(p['predicted']) for p in report['predictions']]
    wrong = int((differ & (first - second > 1e-3)).sum())
    print(f'C {c:g}: accuracy {report["accuracy"]:.4f}, reference {(predicted == labels[train:]).mean():.4f}; '
          f'{int(differ.sum())} of {len(predicted)} predictions differ; objective {excess:+.1e} relative')
    return 1 if wrong or excess > 1e-6 else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
