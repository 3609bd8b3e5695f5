#!/usr/bin/env python3
"""Latency of single calls: our engine and ONNX Runtime's in turns, batch size 1, in a closed loop.

  python3 -m venv venv && venv/bin/pip install numpy h5py safetensors onnx onnxruntime
  venv/bin/python bench/latency_peers.py build/bench/vgg16_latency_times --weights weights/vgg16-f16.safetensors
  venv/bin/python bench/latency_peers.py --report build/latency.jsonl

Every engine and number of threads gets a process of its own in every round: 50 calls to warm up, then --calls calls one
after another, a fifth as many with 5 ms between them, and a tenth as many with 100 ms. An engine that this machine or
build lacks, such as CUDA's, is left out with the reason. One line of JSON per process goes to --out.

"p99/p50 clean" leaves out the calls of every 0.1 s in which the hypervisor took processor time from this machine, and
"kept" is the share of the others. CPU is the processor time of all threads per call, with what they take in the gaps.
"""
import argparse
import collections
import json
import math
import os
import statistics
import subprocess
import sys
import time

import peer_engines
import peers

WARM_UP = 50
WINDOW_S = 0.1
PEER = 'ort_f32'  # runs in this script's --worker
# name: (device, precision) of ours
ENGINES = {
    'ours_f32': ('cpu', 'f32'),
    'ours_bf16': ('cpu', 'bf16'),
    PEER: None,
    **{f'ours_cuda_{precision}': ('cuda', precision) for precision in ('f32', 'tf32', 'f16', 'bf16')},
}
LEAST_CLEAN_CALLS = 100


def resident_mb():
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGESIZE') / 1e6


def stolen_ticks():
    with open('/proc/stat') as file:
        return int(file.readline().split()[8])


def measure(call, calls, gap_ms):
    """As measure() in latency_times.cpp."""
    times, windows, in_window = [], [], 0
    cpu, stolen, window = time.process_time(), stolen_ticks(), time.perf_counter()
    for i in range(calls):
        if gap_ms > 0:
            time.sleep(gap_ms / 1000)
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
        in_window += 1
        if i + 1 < calls and time.perf_counter() - window < WINDOW_S:
            continue
        now = stolen_ticks()
        windows.append([in_window, now - stolen])
        stolen, in_window, window = now, 0, time.perf_counter()
    return {'gap_ms': gap_ms, 'cpu_s': time.process_time() - cpu, 'ms': times, 'windows': windows}


def worker(folder, threads, phases):
    """ONNX Runtime, and what vgg16_latency_times prints for ours."""
    import onnxruntime  # noqa: F401, before the clock starts

    def make():
        start = time.perf_counter()
        call, as_array, _alive = peer_engines.ort_engine(folder, threads, 1)
        loaded = time.perf_counter()
        output = call()
        return call, as_array(output), loaded - start, time.perf_counter() - loaded
    call, row, load_s, first_call_s = make()
    if peers.golden_error(row) > 0.005:
        raise RuntimeError('wrong features')
    for _ in range(WARM_UP):
        call()
    memory_mb = resident_mb()
    measured = [measure(call, calls, gap_ms) for calls, gap_ms in phases]
    one_mb = resident_mb()
    _further, _, further_load_s, further_call_s = make()
    return {'load_s': load_s, 'first_call_s': first_call_s, 'memory_mb': memory_mb,
            'further_s': further_load_s + further_call_s, 'further_mb': resident_mb() - one_mb, 'phases': measured}


def session(args):
    phases = [f'{args.calls}:0', f'{math.ceil(args.calls / 5)}:5', f'{math.ceil(args.calls / 10)}:100']
    engines = args.engines.split(',')
    folder = peers.model_folder(args.weights, args.work) if PEER in engines else None
    settings = [(engine, threads) for engine in engines
                for threads in ([1] if 'cuda' in engine else map(int, args.threads.split(',')))]
    failed = set()
    with peers.session_log(args.out) as log:
        for round_number in range(args.rounds):
            for engine, threads in settings:
                if engine in failed:
                    continue
                if engine == PEER:
                    command = [sys.executable, os.path.abspath(__file__), '--worker', folder, '--threads', str(threads)]
                else:
                    device, precision = ENGINES[engine]
                    command = [args.program, args.weights, device, str(threads), precision]
                result = subprocess.run(command + phases, capture_output=True, text=True)
                if result.returncode != 0:
                    failed.add(engine)
                    print(f'{engine}: left out: {result.stderr.strip().splitlines()[-1]}', file=sys.stderr)
                    continue
                line = json.loads(result.stdout)
                log({'engine': engine, 'threads': threads, 'round': round_number, **line})
                print(f'round {round_number + 1}/{args.rounds} {engine} {threads} threads: '
                      f'{statistics.median(line["phases"][0]["ms"]):.2f} ms', file=sys.stderr)


def quantile(ordered, share):
    return ordered[math.ceil(share * len(ordered)) - 1]


def clean_calls(phase):
    """The times of calls in windows without stolen ticks."""
    kept, at = [], 0
    for calls, stolen in phase['windows']:
        kept += phase['ms'][at:at + calls] if stolen == 0 else []
        at += calls
    return kept


def report(path):
    lines, heads = collections.defaultdict(list), []
    with open(path) as file:
        for line in map(json.loads, file):
            if 'engine' in line:
                lines[line['engine'], line['threads']].append(line)
            else:
                heads.append(line)
    for head in heads:
        packages = ', '.join(f'{name} {version}' for name, version in head['versions'].items())
        print(f"{head['date']}, {head['machine']}; {packages}\n\n    {head['command']}\n")
    print('| engine | threads | gap ms | calls | p50 ms | p90 | p99 | p99.9 | max | p99/p50 | clean | kept | CPU ms |')
    print('|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|')
    medians = {}
    for (engine, threads), runs in lines.items():
        for phases in zip(*(run['phases'] for run in runs)):
            gap = phases[0]['gap_ms']
            times = sorted(t for phase in phases for t in phase['ms'])
            kept = sorted(t for phase in phases for t in clean_calls(phase))
            cpu = 1000 * sum(phase['cpu_s'] for phase in phases) / len(times)
            medians[engine, threads, gap] = quantile(times, 0.5)
            clean = f'{quantile(kept, 0.99) / quantile(kept, 0.5):.3f}' if len(kept) >= LEAST_CLEAN_CALLS else ''
            numbers = [f'{quantile(times, share):.2f}' for share in (0.5, 0.9, 0.99, 0.999, 1)]
            print(f'| {engine} | {threads} | {gap:g} | {len(times)} | {" | ".join(numbers)} '
                  f'| {quantile(times, 0.99) / quantile(times, 0.5):.3f} | {clean} | {len(kept) / len(times):.0%} '
                  f'| {cpu:.2f} |')
    print('\n| engine | threads | load s | first call ms | memory MB | a further engine: s | MB |')
    print('|---|--:|--:|--:|--:|--:|--:|')
    for (engine, threads), runs in lines.items():
        load, first, memory, further, more = (statistics.median(run[name] for run in runs) for name in (
            'load_s', 'first_call_s', 'memory_mb', 'further_s', 'further_mb'))
        print(f'| {engine} | {threads} | {load:.3f} | {1000 * first:.1f} | {memory:.0f} | {further:.3f} | {more:.0f} |')
    ratios = [f'| {threads} | {gap:g} | {engine} | {medians[PEER, threads, gap] / p50:.2f} |'
              for (engine, threads, gap), p50 in medians.items()
              if engine != PEER and (PEER, threads, gap) in medians and 'cuda' not in engine]
    if ratios:
        print(f'\nHow many times as fast as {PEER}, p50:\n\n| threads | gap ms | engine | |\n|--:|--:|---|--:|')
        print('\n'.join(ratios))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program', nargs='?', help='vgg16_latency_times')
    parser.add_argument('phases', nargs='*', help=argparse.SUPPRESS)
    parser.add_argument('--weights', help="Keras' .h5 or our .safetensors")
    parser.add_argument('--engines', default=','.join(ENGINES), help='default: %(default)s')
    parser.add_argument('--threads', default='1,2')
    parser.add_argument('--calls', type=int, default=1000)
    parser.add_argument('--rounds', type=int, default=1)
    parser.add_argument('--work', default='build/peers', help="folder for the peer's model file")
    parser.add_argument('--out', default='build/latency.jsonl', help='lines are added')
    parser.add_argument('--report', metavar='FILE', help='only print the tables of an earlier session')
    parser.add_argument('--worker', metavar='FOLDER', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.report:
        return report(args.report)
    if args.worker:  # its positional words are all phases
        phases = [(int(calls), float(gap)) for calls, gap in (word.split(':') for word in [args.program, *args.phases])]
        return print(json.dumps(worker(args.worker, int(args.threads), phases)))
    if not args.program or not args.weights:
        parser.error('the program and --weights are needed')
    unknown = [engine for engine in args.engines.split(',') if engine not in ENGINES]
    if unknown:
        parser.error(f'unknown engine {unknown[0]}; there are {", ".join(ENGINES)}')
    session(args)
    return report(args.out)


if __name__ == '__main__':
    main()
