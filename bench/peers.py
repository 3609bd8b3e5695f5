#!/usr/bin/env python3
"""Runs our forward pass and other engines' in turns on this machine, and prints rates, memory and ratios.

  python3 -m venv venv
  venv/bin/pip install numpy h5py safetensors onnx onnxruntime openvino ncnn MNN torch
  venv/bin/python bench/peers.py --weights WEIGHTS --ours COMMAND [--rounds 5] [--batches 1,8,32] [--threads 2]
  venv/bin/python bench/peers.py --report build/peers.jsonl

WEIGHTS is Keras' .h5 or our .safetensors. COMMAND runs our engine: {weights}, {batch}, {threads}, {precision} (f32 or
bf16), {isa} (auto or avx2) and {seconds} in it are replaced, and the last line that it prints must be one JSON object
  {"ts": [seconds of each forward call, warmed up], "images": pictures per call, "peak_rss_mb": of the process}
Without --ours only the others run. Every engine and batch size gets a process of its own in every round; the order
turns from round to round. One line of JSON per process goes to --out, which --report reads.
"""
import argparse
import collections
import contextlib
import datetime
import hashlib
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import time
from importlib import metadata

import numpy as np

import peer_engines

# name: (kind, --precision, --isa)
OURS = {
    'ours_f32': ('f32', 'f32', 'auto'),
    'ours_bf16': ('bf16', 'bf16', 'auto'),
    'ours_f32_avx2': ('avx2', 'f32', 'avx2'),
}
KINDS = {name: kind for name, (kind, *_) in {**OURS, **peer_engines.ENGINES}.items()}
# What has no peer of its own kind on a machine is compared with these too.
ALSO = {'avx2': ('ort_f32',)}


def peak_rss_mb():
    with open('/proc/self/status') as status:
        return next(int(line.split()[1]) for line in status if line.startswith('VmHWM')) / 1024


def golden_error(output):
    """Relative L2 distance of a row from tests/golden's, which was made with the weights in half precision."""
    golden = np.load(os.path.join(os.path.dirname(__file__), '..', 'tests', 'golden', 'waves.npy')).astype(np.float64)
    row = output[0].transpose(1, 2, 0).reshape(-1).astype(np.float64)
    return float(np.linalg.norm(row - golden) / np.linalg.norm(golden))


def measure(engine, weights, folder, threads, batch, seconds):
    """What --worker prints: one engine, one batch size, in this process."""
    _, make = peer_engines.ENGINES[engine]
    forward, as_array, _alive = make(weights, folder, threads, batch)
    forward()
    error = golden_error(as_array(forward()))
    if error > (0.05 if engine.endswith('bf16') else 0.005):
        raise RuntimeError(f'{engine}: wrong features, relative error {error:.2g}')
    times, end = [], time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        forward()
        times.append(time.perf_counter() - start)
    return {'ts': times, 'images': batch, 'peak_rss_mb': peak_rss_mb(), 'error': error}


def command(args, engine, batch):
    if engine in OURS:
        _, precision, isa = OURS[engine]
        values = dict(weights=args.weights, batch=batch, threads=args.threads, precision=precision, isa=isa,
                      seconds=args.seconds)
        return [word.format(**values) for word in shlex.split(args.ours)]
    return [sys.executable, os.path.abspath(__file__), '--worker', engine, '--weights', args.weights,
            '--work', args.work, '--batches', str(batch), '--threads', str(args.threads), '--seconds', str(args.seconds)]


def run(args, engine, batch):
    environment = {**os.environ, 'OMP_NUM_THREADS': str(args.threads)}
    result = subprocess.run(command(args, engine, batch), env=environment, capture_output=True, text=True)
    if result.returncode != 0:  # the last line says why: Python's exception, or the one line of our program
        return None, (result.stderr.strip().splitlines() or [f'exit status {result.returncode}'])[-1]
    last = (result.stdout.strip().splitlines() or [''])[-1]
    try:
        return json.loads(last), None
    except json.JSONDecodeError:
        return None, f'its last line is no JSON: {last[:80]!r}'


def machine():
    with open('/proc/cpuinfo') as info:
        model = next((line.split(':')[1].strip() for line in info if line.startswith('model name')), platform.machine())
    return f'{model}, {os.cpu_count()} processors'


def versions():
    found = {}
    for package in ('ncnn', 'MNN', 'onnxruntime', 'openvino', 'torch'):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            pass
    return found


def model_folder(weights, work):
    """The folder below `work` that has the peers' model files of these weights."""
    with open(weights, 'rb') as file:
        folder = os.path.join(work, hashlib.sha256(file.read()).hexdigest()[:16])
    peer_engines.write_models(peer_engines.load_weights(weights), folder)
    return folder


@contextlib.contextmanager
def session_log(path, **head):
    """A function that adds a line of JSON to the file, which begins with one about the machine, the versions and `head`."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, 'a') as out:
        def log(line):
            out.write(json.dumps(line) + '\n')
            out.flush()
        log({'date': datetime.date.today().isoformat(), 'machine': machine(), 'versions': versions(), **head,
             'command': shlex.join(sys.argv)})
        yield log


def session(args):
    engines = args.engines.split(',') if args.engines else [*OURS, *peer_engines.ENGINES]
    if not args.ours:
        engines = [e for e in engines if e not in OURS]
    unknown = [e for e in engines if e not in KINDS]
    if unknown:
        sys.exit(f'unknown engine {unknown[0]}; there are {", ".join(KINDS)}')
    args.work = model_folder(args.weights, args.work)
    batches = [int(b) for b in args.batches.split(',')]
    failed = set()
    with session_log(args.out, threads=args.threads) as log:
        for round_number in range(args.rounds):
            turn = round_number % len(engines)
            for batch in batches:
                for engine in engines[turn:] + engines[:turn]:
                    if engine in failed:
                        continue
                    result, problem = run(args, engine, batch)
                    if problem:
                        failed.add(engine)
                        print(f'{engine}: left out: {problem}', file=sys.stderr)
                        continue
                    log({'engine': engine, 'round': round_number, 'batch': batch, 'threads': args.threads, **result})
                    rate = result['images'] / statistics.median(result['ts'])
                    print(f'round {round_number + 1}/{args.rounds} batch {batch:2} {engine:14} {rate:6.2f} pictures/s',
                          file=sys.stderr)


def report(path):
    runs, heads = collections.defaultdict(dict), []
    with open(path) as file:
        for line in map(json.loads, file):
            if 'engine' in line:
                runs[line['threads'], line['batch'], line['engine']][len(heads), line['round']] = line
            else:
                heads.append(line)
    for head in heads:
        packages = ', '.join(f'{name} {version}' for name, version in head['versions'].items())
        print(f"{head['date']}, {head['machine']}, {head['threads']} threads; {packages}\n\n    {head['command']}\n")
    rate = {key: {r: line['images'] / statistics.median(line['ts']) for r, line in lines.items()}
            for key, lines in runs.items()}
    print('| threads | batch | engine | rounds | pictures/s, median | min | max | p50 ms | p99 ms | peak MB | error |')
    print('|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|')
    for key in sorted(runs, key=lambda k: (k[0], k[1], -statistics.median(rate[k].values()))):
        lines, rates = runs[key].values(), rate[key].values()
        ms = 1000 * np.concatenate([line['ts'] for line in lines])
        error = max((line['error'] for line in lines if line.get('error') is not None), default=None)
        print(f'| {key[0]} | {key[1]} | {key[2]} | {len(lines)} | {statistics.median(rates):.2f} | {min(rates):.2f} '
              f'| {max(rates):.2f} | {np.percentile(ms, 50):.1f} | {np.percentile(ms, 99):.1f} '
              f"| {max(line['peak_rss_mb'] for line in lines):.0f} | {'' if error is None else f'{error:.1e}'} |")
    ratios = []
    for threads, batch, ours in sorted(key for key in rate if key[2] in OURS):
        for peer in [p for p in peer_engines.ENGINES if KINDS[p] == KINDS[ours] or p in ALSO.get(KINDS[ours], ())]:
            mine, other = rate[threads, batch, ours], rate.get((threads, batch, peer), {})
            paired = [mine[r] / other[r] for r in mine if r in other]
            if paired:
                ratios.append(f'| {threads} | {batch} | {ours} | {peer} | {len(paired)} '
                              f'| {statistics.median(paired):.2f} | {min(paired):.2f} | {max(paired):.2f} |')
    if ratios:
        print('\nRatio of rates within a round:\n')
        print('| threads | batch | ours | over | rounds | median | min | max |\n|--:|--:|---|---|--:|--:|--:|--:|')
        print('\n'.join(ratios))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--weights')
    parser.add_argument('--ours', metavar='COMMAND')
    parser.add_argument('--engines', help=f'some of {", ".join(KINDS)} (default: all)')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--batches', default='1,8,32')
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--seconds', type=float, default=4, help='of measuring in each process')
    parser.add_argument('--work', default='build/peers', help="folder for the peers' model files")
    parser.add_argument('--out', default='build/peers.jsonl', help='lines are added')
    parser.add_argument('--report', metavar='FILE', help='only print the tables of an earlier session')
    parser.add_argument('--worker', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.report:
        return report(args.report)
    if not args.weights:
        parser.error('--weights is needed')
    if args.worker:
        weights = peer_engines.load_weights(args.weights) if args.worker.startswith('torch') else None
        result = measure(args.worker, weights, args.work, args.threads, int(args.batches), args.seconds)
        return print(json.dumps(result))
    session(args)
    return report(args.out)


if __name__ == '__main__':
    main()
