#!/usr/bin/env python3
"""Runs `vgg16 train` and what people would use instead in turns on this machine, and measures what training takes.

  python3 -m venv venv
  venv/bin/pip install -r tests/python/requirements.txt
  venv/bin/python bench/training_sets.py --program PROGRAM --pictures FOLDER --out SETS
  venv/bin/python bench/train_peers.py PROGRAM SETS speed easy17 easy3 hard17
  venv/bin/python bench/train_peers.py PROGRAM SETS optimum easy17 easy3 hard17
  venv/bin/python bench/train_peers.py PROGRAM SETS svm easy17 hard17 --rounds 1

speed        whole processes, from start to saved model with the file read, round by round; medians, ratios to ours
memory       our peak on each set, beside 12 n^2 bytes + 200 MB
optimum      every objective and the predictions against scikit-learn's newton-cg (tests/python/compare_training.py)
defaults     where LogisticRegression's defaults stop on all training rows, beside the optimum, for every C
svm          whole processes as speed: the linear SVM on both grids of C, scikit-learn's searches over LinearSVC and over
             SVC on the inner products, whose time counts, and our logistic regression
solvers      our logistic regression by Newton's method and by L-BFGS, in turns
threads      whether the model file of 1 and of 2 threads is the same
duplicates   which of the planted copies are found, and what is listed beside them
gram         our inner products of the rows against NumPy's dense ones
large        20,000 rows with 8 GB of address space

Features come to the peers as their own tools wrote them: float64 for the script, which is rewritten here from what it
does: GridSearchCV over LogisticRegression's defaults, three folds, all processors. NumPy wants OPENBLAS_CORETYPE and
OPENBLAS_L2_SIZE unset.
"""
import argparse
import collections
import json
import os
import pathlib
import pickle
import resource
import statistics
import subprocess
import sys
import time

GRID = [0.1, 1.0, 10.0, 100.0, 1000.0, 10000.0]
SVM_GRID = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3]


# What --worker runs: one peer, in a process of its own.

def search(name, jobs):
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import SVC, LinearSVC
    if name.startswith('linear_svc'):
        return GridSearchCV(LinearSVC(), {'C': GRID if name.endswith('script') else SVM_GRID}, cv=3, n_jobs=jobs)
    if name == 'kernel_svc':
        return GridSearchCV(SVC(kernel='precomputed'), {'C': SVM_GRID}, cv=3, n_jobs=jobs)
    if name == 'liblinear':
        model = OneVsRestClassifier(LogisticRegression(solver='liblinear', dual=True))
        return GridSearchCV(model, {'estimator__C': GRID}, cv=3, n_jobs=jobs)
    return GridSearchCV(LogisticRegression(), {'C': GRID}, cv=3, n_jobs=jobs)


def work(name, features, out):
    import h5py
    import numpy
    from sklearn.metrics import classification_report
    with h5py.File(features) as file:
        train = int(file['labels'].shape[0] * 0.75)
        rows, labels = file['features'][:], file['labels'][:]
        names = file['label_names'].asstr()[:]
    model = search(name, 1 if name == 'one_job' else -1)
    begin = time.perf_counter()
    if name == 'row_space':  # the same problem in as many columns as there are rows
        rows = rows.astype(numpy.float64)
        rows -= rows[:train].mean(axis=0)
        values, vectors = numpy.linalg.eigh(rows[:train] @ rows[:train].T)
        kept = values > 1e-12 * values.max()
        rows = rows @ (rows[:train].T @ (vectors[:, kept] / numpy.sqrt(values[kept])))
    if name == 'kernel_svc':
        rows = rows.astype(numpy.float64) @ rows[:train].T.astype(numpy.float64)
    model.fit(rows[:train], labels[:train])
    seconds = time.perf_counter() - begin
    predicted = model.predict(rows[train:])
    print(classification_report(labels[train:], predicted, target_names=names))
    pathlib.Path(out).write_bytes(pickle.dumps(model.best_estimator_))
    print(seconds)


# (features are float64, what it is)
PEERS = {
    'script': (True, 'GridSearchCV(LogisticRegression()), all processors, float64: the script'),
    'float32': (False, 'the same from float32 features'),
    'one_job': (False, 'float32, one fit at a time, NumPy on all processors'),
    'row_space': (False, "the same search on the training rows' coordinates in the space they span"),
    'linear_svc_script': (True, "GridSearchCV(LinearSVC()), all processors, float64, the script's values of C"),
    'linear_svc': (True, 'the same with C from 1e-8 to 1e-3'),
    'kernel_svc': (False, "GridSearchCV(SVC(kernel='precomputed')) with these C, inner products in float64"),
    'liblinear': (False, 'GridSearchCV over one-vs-rest liblinear, dual'),
}


def run(command, address_space=None):
    """(seconds, standard output, standard error)"""
    def limit():
        if address_space:
            resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    begin = time.perf_counter()
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               preexec_fn=limit)
    output, errors = process.communicate()
    seconds = time.perf_counter() - begin
    if process.returncode != 0:
        sys.exit(f'{command}: {errors.decode()}')
    return seconds, output.decode(), errors.decode()


class Bench:
    def __init__(self, program, sets):
        self.program, self.sets = program, sets

    def features(self, name, wide=False):
        path = self.sets / f'{name}.h5'
        if not wide:
            return path
        copy = self.sets / f'{name}_float64.h5'
        if not copy.exists():
            import h5py
            with h5py.File(path) as file, h5py.File(copy, 'w') as out:
                out.create_dataset('features', data=file['features'][:], dtype='float')
                out.create_dataset('labels', data=file['labels'][:], dtype='int')
                out.create_dataset('label_names', data=file['label_names'].asstr()[:], dtype=h5py.string_dtype())
        return copy

    def train(self, name, *options, out='out.model', address_space=None):
        """One run of ours: (seconds, peak MB, report)"""
        # GNU time, since the peak of a child that was forked from here begins with this process' own.
        seconds, output, errors = run(['/usr/bin/time', '-f', '%M', self.program, 'train', '-q', '-d',
                                       self.features(name), '-m', self.sets / out, '--overwrite', '--json', *options],
                                      address_space)
        return seconds, int(errors.split()[-1]) * 1024 / 1e6, json.loads(output)

    def speed(self, names, rounds, peers):
        for name in names:
            times = collections.defaultdict(list)
            for wide in (False, True):
                self.features(name, wide).read_bytes()  # into the page cache, for everyone
            for turn in range(rounds):
                order = ['ours', *peers]
                for engine in order[turn % len(order):] + order[:turn % len(order)]:
                    if engine == 'ours':
                        seconds, _, report = self.train(name)
                    else:
                        seconds, *_ = run([sys.executable, __file__, '--worker', engine,
                                           self.features(name, PEERS[engine][0]), self.sets / f'{engine}.pickle'])
                    times[engine].append(seconds)
                    print(f'{name} round {turn + 1}: {engine} {seconds:.2f} s', file=sys.stderr, flush=True)
            ours = statistics.median(times['ours'])
            stages = ', '.join(f'{stage} {value:.2f}' for stage, value in report['seconds'].items())
            print(f'{name}: {report["train_rows"] + report["test_rows"]} rows; ours {stages} s')
            for engine, found in times.items():
                ratios = [theirs / own for theirs, own in zip(found, times['ours'])]
                print(f'| {name} | {engine} | {statistics.median(found):.2f} | {min(found):.2f} | {max(found):.2f} | '
                      f'{statistics.median(found) / ours:.1f} | {min(ratios):.1f} | {max(ratios):.1f} |', flush=True)

    def turns(self, name, rounds, ours, peers=()):
        """Prints the median, least and greatest seconds of each; ours is {what: options}, the first the reference. After
        the whole processes the same of the search alone: inner products, all fits and the last one on all rows."""
        times, alone = collections.defaultdict(list), collections.defaultdict(list)
        for wide in (False, True) if peers else (False,):
            self.features(name, wide).read_bytes()  # into the page cache, for everyone
        for turn in range(rounds):
            for what in [*ours, *peers]:
                if what in ours:
                    seconds, _, report = self.train(name, *ours[what])
                    gap = max(fit['relative_gap'] for fit in report['fits'])
                    stages = ', '.join(f'{stage} {value:.2f}' for stage, value in report['seconds'].items())
                    end = f'({stages}), C {report["best_c"]:g}, accuracy {report["accuracy"]:.4f}, gap {gap:.1e}'
                    search = sum(report['seconds'][stage] for stage in ('inner_products', 'search', 'refit'))
                else:
                    seconds, output, _ = run([sys.executable, '-W', 'ignore', __file__, '--worker', what,
                                       self.features(name, PEERS[what][0]), self.sets / f'{what}.pickle'])
                    search = float(output.splitlines()[-1])
                    end = f'({search:.2f} of them search)'
                times[what].append(seconds)
                alone[what].append(search)
                print(f'{name} round {turn + 1}: {what} {seconds:.2f} s {end}', file=sys.stderr, flush=True)
        for part, measured in (('whole', times), ('search', alone)):
            reference = statistics.median(measured[next(iter(ours))])
            for what, found in measured.items():
                print(f'| {name} | {part} | {what} | {statistics.median(found):.2f} | {min(found):.2f} | {max(found):.2f} | '
                      f'{statistics.median(found) / reference:.2f} |', flush=True)

    def svm(self, names, rounds):
        svm = ('--classifier', 'svm')
        for name in names:
            self.turns(name, rounds, {'svm': svm, 'svm, the script\'s C': (*svm, '--c', ','.join(map(str, GRID))),
                                      'logistic': ()}, ('kernel_svc', 'linear_svc', 'linear_svc_script'))

    def solvers(self, names, rounds):
        for name in names:
            self.turns(name, rounds, {solver: ('--solver', solver) for solver in ('newton', 'lbfgs')})

    def memory(self, names):
        for name in names:
            _, peak, report = self.train(name)
            n = report['train_rows'] + report['test_rows']
            print(f'| {name} | {n} | {peak:.0f} MB | {12e-6 * n * n + 200:.0f} | {9e-6 * n * n + 100:.0f} |')

    def optimum(self, names):
        script = pathlib.Path(__file__).parent.parent / 'tests/python/compare_training.py'
        for name in names:
            report = self.train(name)[2]
            (self.sets / 'report.json').write_text(json.dumps(report))
            print(f'{name}: {run([sys.executable, script, self.features(name), self.sets / "report.json"])[1].strip()}',
                  flush=True)

    def defaults(self, names):
        import h5py
        import numpy
        import warnings
        from sklearn.linear_model import LogisticRegression
        from sklearn.metrics import log_loss
        warnings.simplefilter('ignore')
        for name in names:
            with h5py.File(self.features(name)) as file:
                rows, labels = file['features'][:].astype(numpy.float64), file['labels'][:]
            train = int(len(labels) * 0.75)
            for c in GRID:
                report = self.train(name, '--c', c)[2]
                optimum = report['fits'][-1]['objective']
                model = LogisticRegression(C=c).fit(rows[:train], labels[:train])
                loss = log_loss(labels[:train], model.predict_proba(rows[:train]), normalize=False)
                objective = (model.coef_**2).sum() / 2 + c * loss
                print(f'| {name} | {c:g} | {model.n_iter_[0]} | {objective:.6g} | {optimum:.6g} | '
                      f'{objective / optimum:.3g} | {model.score(rows[train:], labels[train:]):.4f} | '
                      f'{report["accuracy"]:.4f} | {log_loss(labels[train:], model.predict_proba(rows[train:])):.4f} | '
                      f'{report["log_loss"]:.4f} |', flush=True)

    def threads(self, names):
        for name in names:
            for n in (1, 2):
                self.train(name, '-j', n, out=f'{n}.model')
            first, second = ((self.sets / f'{n}.model').read_bytes() for n in (1, 2))
            print(f'{name}: {"the same bytes" if first == second else "DIFFERENT bytes"}')

    def duplicates(self, names):
        for name in names:
            planted = {frozenset(pair[:2]): pair[2] for pair in json.loads((self.sets / f'{name}.json').read_text())}
            report = self.train(name)[2]
            held_out = {p['name'] for p in report['predictions']}
            across = {pair for pair in planted if len(pair & held_out) == 1}
            listed = {frozenset((d['test'], d['train'])): d['similarity'] for d in report['duplicates']}
            print(f'{name}: {len(across)} of {len(planted)} planted pairs lie across the split, '
                  f'{len(across & listed.keys())} of them are listed, least similarity '
                  f'{min(listed[pair] for pair in across & listed.keys()):.4f}')
            for pair in across - listed.keys():
                print(f'  missed: {planted[pair]} {sorted(pair)}')
            for pair in sorted(listed.keys() - planted.keys(), key=listed.get):
                print(f'  beside them: {sorted(pair)} {listed[pair]:.4f}')

    def gram(self, names):
        import h5py
        import numpy
        for name in names:
            with h5py.File(self.features(name)) as file:
                rows = file['features'][:]
            wide = rows.astype(numpy.float64)
            times = collections.defaultdict(list)
            for _ in range(3):
                times['ours'].append(self.train(name)[2]['seconds']['inner_products'])
                for label, x in (('NumPy float64', wide), ('NumPy float32', rows)):
                    begin = time.perf_counter()
                    x @ x.T
                    times[label].append(time.perf_counter() - begin)
            print(f'{name}: {len(rows)} rows, {(rows == 0).mean():.1%} zeros; ' +
                  ', '.join(f'{label} {statistics.median(found):.3f} s' for label, found in times.items()))

    def large(self, names):
        for name in names:
            seconds, peak, report = self.train(name, address_space=8_000_000_000)
            stages = ', '.join(f'{stage} {value:.1f}' for stage, value in report['seconds'].items())
            gaps = max(fit['relative_gap'] for fit in report['fits'])
            print(f'{name}: {report["train_rows"] + report["test_rows"]} rows, {len(report["classes"])} classes: '
                  f'{seconds:.1f} s ({stages}), peak {peak:.0f} MB, largest gap {gaps:.1e}, '
                  f'best C {report["best_c"]:g}, accuracy {report["accuracy"]:.4f}')


def main():
    if sys.argv[1:2] == ['--worker']:
        return work(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('program', type=pathlib.Path)
    parser.add_argument('sets', type=pathlib.Path)
    parser.add_argument('what', choices=('speed', 'svm', 'solvers', 'memory', 'optimum', 'defaults', 'threads',
                                         'duplicates', 'gram', 'large'))
    parser.add_argument('names', nargs='+', help='of the sets')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--peers', default='script', help=f'of {", ".join(PEERS)}; speed only')
    args = parser.parse_args()
    bench = Bench(args.program.resolve(), args.sets)
    if args.what == 'speed':
        bench.speed(args.names, args.rounds, args.peers.split(','))
    elif args.what in ('svm', 'solvers'):
        getattr(bench, args.what)(args.names, args.rounds)
    else:
        getattr(bench, args.what)(args.names)


if __name__ == '__main__':
    main()
