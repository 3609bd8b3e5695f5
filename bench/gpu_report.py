"""Makes one page of Markdown of what bench/gpu.sh measured.

usage: gpu_report.py RESULTS_FOLDER
"""
import collections
import csv
import json
import pathlib
import statistics
import sys


def load(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def table(title, header, rows, out):
    if not rows:
        return
    if title:
        print(title + ':\n', file=out)
    print('| ' + ' | '.join(header) + ' |', file=out)
    print('|' + '---|' * 1 + '--:|' * (len(header) - 1), file=out)
    for row in rows:
        print('| ' + ' | '.join('-' if cell is None else str(cell) for cell in row) + ' |', file=out)
    print(file=out)


def number(value, digits=3):
    return None if value is None else f'{value:.{digits}g}' if value < 1000 else f'{value:,.0f}'


def ratio(theirs, ours):
    return None if not theirs or not ours else f'{theirs / ours:.2f}'


def time_and_rate(entry):
    """Microseconds and TFLOP/s of one benchmark, or why there are none."""
    if 'error_message' in entry:
        return entry['error_message'], None
    return (number(1e3 * entry['p50_ms']), number(entry['TFLOP/s'])) if entry else (None, None)


def benchmarks(entries, prefix):
    """{name without prefix: entry}, names without Google Benchmark's suffixes; failed ones have 'error_message'."""
    found = {}
    for entry in entries:
        name = '/'.join(part for part in entry['name'].split('/')
                        if not part.startswith(('min_time:', 'iterations:', 'manual_time')))
        if name.startswith(prefix):
            found[name[len(prefix):]] = entry
    return found


def profile_rows(path):
    """Launches, total time and mean shares of the peaks per kernel, of what ncu printed as CSV; [] if nothing was."""
    if not path.exists():
        return []
    lines = [line for line in path.read_text(errors='replace').splitlines() if line.startswith('"')]
    kernels = collections.defaultdict(lambda: collections.defaultdict(list))
    for row in csv.DictReader(lines):
        name = row['Kernel Name'].split('(')[0]
        scale = {'ns': 1e-3, 'nsecond': 1e-3, 'us': 1, 'usecond': 1, 'ms': 1e3, 'msecond': 1e3}.get(row['Metric Unit'], 1)
        kernels[name][row['Metric Name'].split('.')[0]].append(scale * float(row['Metric Value'].replace(',', '')))
    rows = []
    for name, metrics in kernels.items():
        times = metrics['gpu__time_duration']
        shares = (statistics.mean(metrics[key]) if metrics[key] else None for key in ('sm__throughput', 'dram__throughput'))
        rows.append((name, len(times), number(sum(times)), *(number(share) for share in shares)))
    return sorted(rows, key=lambda row: -float((row[2] or '0').replace(',', '')))


def main(folder, out=sys.stdout):
    folder = pathlib.Path(folder)
    torch = load(folder / 'torch.json')
    pages = [load(folder / f'{name}.json') for name in ('forward', 'kernels', 'convolutions_1', 'convolutions_32',
                                                        'convolutions_128')]
    context = next((page['context'] for page in pages if page.get('context')), {})
    entries = [entry for page in pages for entry in page.get('benchmarks', [])]
    device = (folder / 'device.txt').read_text().strip() if (folder / 'device.txt').exists() else 'unknown'
    print(f'## {context.get("date", "")[:10]}: on a GPU\n', file=out)
    print(f'{context.get("device", "no device was found by the benchmarks")}; {context.get("cuda", "")}; nvidia-smi: '
          f'{device}. vgg16 {context.get("version", "")}; {torch.get("versions", "PyTorch was not run")}. '
          'Command: `bench/gpu.sh`.\n', file=out)
    if torch:
        print(f'Peaks measured by PyTorch: bf16 product of 8192 x 8192 {torch["matmul_tflops"]:.0f} TFLOP/s, copy '
              f'{torch["copy_gb_per_s"]:.0f} GB/s.\n', file=out)

    steps = [line.split('\t') for line in (folder / 'steps.txt').read_text().splitlines()]
    table('', ('step', 'status', 'seconds', 'said'), steps, out)

    theirs = {(row['precision'], row['batch']): row for row in torch.get('forward', [])}
    rows = []
    for name, entry in benchmarks(entries, 'cuda/forward/').items():
        precision, batch = name.split('/batch:')
        if 'error_message' in entry:
            rows.append((precision, batch, entry['error_message']) + (None,) * 6)
            continue
        peer = theirs.get((precision, int(batch)), {})
        rows.append((precision, batch, number(entry['p50_ms']), number(entry['p99_ms']), number(entry['pictures/s']),
                     f'{entry["1-cosine"]:.1e}', number(peer.get('wall_ms')), number(peer.get('gpu_ms')),
                     ratio(peer.get('wall_ms'), entry['p50_ms'])))
    table('Forward pass, host memory to host memory; ratio of the medians of that',
          ('precision', 'batch', 'p50 ms', 'p99 ms', 'pictures/s', '1 - cosine', 'PyTorch ms', 'of which on the GPU',
           'PyTorch / ours'), rows, out)

    theirs = {(row['layer'], row['precision'], row['batch']): row['gpu_ms'] for row in torch.get('layers', [])}
    by_hand, by_cudnn = (benchmarks(entries, f'cuda/conv3x3_{name}/') for name in ('mma', 'cudnn'))
    rows = []
    for name, entry in by_cudnn.items():
        layer, precision, batch = name.replace('batch:', '').split('/')
        hand, peer = by_hand.get(name, {}), theirs.get((layer, precision, int(batch)))
        rows.append((layer, precision, batch, *time_and_rate(hand), *time_and_rate(entry), number(peer and 1e3 * peer),
                     ratio(entry.get('p50_ms'), hand.get('p50_ms')), entry.get('label')))
    table('Convolutions with bias, ReLU and pooling, on the device: by hand, by cuDNN as the engine uses it, PyTorch',
          ('layer', 'precision', 'batch', 'by hand µs', 'TFLOP/s', 'cuDNN µs', 'TFLOP/s', 'PyTorch µs', 'cuDNN / by hand',
           "cuDNN's engine"), rows, out)

    table('Profile of forward passes in bf16, kernel by kernel, each alone on the device',
          ('kernel', 'launches', 'µs in all', 'SM % of peak', 'memory % of peak'), profile_rows(folder / 'profile.log'), out)

    rows = []
    for name, entry in benchmarks(entries, 'cuda/').items():
        if not name.startswith(('conv3x3', 'forward')):
            rows.append((name, entry.get('error_message') or number(1e3 * entry['p50_ms']), number(entry.get('GB/s'))))
    table('Other kernels, on the device', ('kernel', 'µs', 'GB/s'), rows, out)


if __name__ == '__main__':
    main(sys.argv[1])
