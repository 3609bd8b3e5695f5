"""Compares a training with scikit-learn's optimum on the same rows: compare_training.py FEATURES.h5 REPORT.json

REPORT.json is what `vgg16 train -d FEATURES.h5 --json` printed, with the default split. scikit-learn runs newton-cg to
1e-9 for every C and fold, and for the chosen C on all training rows, in the row space (coordinates U sqrt(S) of the
rows' inner products): the same optimum in few columns. Exit status 1 where an objective of ours is above that by more
than 1e-6 relative, or where a held-out prediction differs although the reference's first two scores are 1e-3 apart.
"""
import json
import os
import sys
import warnings

os.environ['OPENBLAS_NUM_THREADS'] = '1'  # the folds run side by side

import h5py
import joblib
import numpy
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold


def fit_all(products, labels, rows, others, fits):
    """[(fit, objective of the reference, relative)], and the reference's scores of `others` in the last fit."""
    own = products[numpy.ix_(rows, rows)]
    mean = own.mean(axis=0)  # the intercept is free, so centring changes nothing but the rounding
    values, vectors = numpy.linalg.eigh(own - mean - mean[:, None] + mean.mean())
    kept = values > 1e-13 * values.max()
    coordinates = vectors[:, kept] * numpy.sqrt(values[kept])
    classes, true_class = numpy.unique(labels[rows], return_inverse=True)
    model = LogisticRegression(solver='newton-cg', tol=1e-9, max_iter=10000, warm_start=True)
    excess = []
    for fit in sorted(fits, key=lambda f: f['c']):
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # its line search gives up at the last bits
            model.set_params(C=fit['c']).fit(coordinates, labels[rows])
        scores = coordinates @ model.coef_.T + model.intercept_
        if len(classes) == 2:
            scores = numpy.hstack([numpy.zeros_like(scores), scores])
        top = scores.max(axis=1)
        loss = top + numpy.log(numpy.exp(scores - top[:, None]).sum(axis=1)) - scores[range(len(rows)), true_class]
        optimum = (model.coef_**2).sum() / 2 + fit['c'] * loss.sum()
        excess.append((fit, (fit['objective'] - optimum) / optimum))
    cross = products[numpy.ix_(others, rows)]
    cross = cross - cross.mean(axis=1)[:, None] - mean + mean.mean()
    scores = cross @ (vectors[:, kept] / numpy.sqrt(values[kept])) @ model.coef_.T + model.intercept_
    return excess, numpy.hstack([numpy.zeros_like(scores), scores]) if len(classes) == 2 else scores


def main(features, report):
    with h5py.File(features) as file:
        rows, labels = file['features'][:].astype(numpy.float64), file['labels'][:]
        names = list(file['label_names'].asstr()[:])
    with open(report, encoding='utf-8') as file:
        report = json.load(file)
    train = int(len(labels) * 0.75)
    products = rows @ rows.T
    del rows
    held_out = numpy.arange(train, len(labels))
    folds = StratifiedKFold(1 + max(fit['fold'] for fit in report['fits'] if fit['fold'] is not None))
    kept = {fold: own for fold, (own, _) in enumerate(folds.split(labels[:train], labels[:train]))}
    kept[None] = numpy.arange(train)
    results = dict(zip(kept, joblib.Parallel(n_jobs=-1)(
        joblib.delayed(fit_all)(products, labels, own, held_out, [f for f in report['fits'] if f['fold'] == fold])
        for fold, own in kept.items())))

    worst, fit = max(((excess, fit) for found, _ in results.values() for fit, excess in found), key=lambda e: e[0])
    scores = results[None][1]
    classes = numpy.unique(labels[:train])
    predicted = classes[scores.argmax(axis=1)]
    second, first = numpy.sort(scores, axis=1)[:, -2:].T
    differ = predicted != [names.index(p['predicted']) for p in report['predictions']]
    wrong = int((differ & (first - second > 1e-3)).sum())
    where = 'all training rows' if fit['fold'] is None else f'fold {fit["fold"]}'
    print(f'{len(report["fits"])} fits; objective at most {worst:+.1e} relative (C {fit["c"]:g}, {where}); '
          f'C {report["best_c"]:g}: accuracy {report["accuracy"]:.4f}, reference '
          f'{(predicted == labels[train:]).mean():.4f}; {int(differ.sum())} of {len(predicted)} predictions differ')
    return 1 if wrong or worst > 1e-6 else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
