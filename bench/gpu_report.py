"""Makes one page of Markdown of what bench/gpu.sh measured. Whatever is missing or was cut short is left out.

usage: gpu_report.py RESULTS_FOLDER
"""
import collections
import csv
import json
import pathlib
import statistics
import sys

# How far features may be from those of float32, as 1 - cosine.
MOST_DISTANCE = {'f32': 1e-7, 'tf32': 1e-5, 'f16': 1e-5, 'bf16': 1e-4}


def load(path):
    """A JSON file; of Google Benchmark's, that was not ended, what is whole of it."""
    try:
        text = path.read_text(errors='replace')
    except OSError:
        return {}
    try:
        return json.loads(text)
    except ValueError:
        pass
    end = text.rfind('\n    }')
    try:
        return json.loads(text[:end] + '\n    }\n  ]\n}') if end > 0 else {}
    except ValueError:
        return {}


def table(title, header, rows, out):
    if not rows:
        return
    if title:
        print(title + ':\n', file=out)
    print('| ' + ' | '.join(header) + ' |', file=out)
    print('|' + '---|' * 1 + '--:|' * (len(header) - 1), file=out)
    for row in rows:
        print('| ' + ' | '.join('-' if cell is None else str(cell).replace('|', '/') for cell in row) + ' |', file=out)
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


def passes(page):
    """{(precision, batch): (alone, two lanes)} of the forward passes of one page."""
    alone, lanes = (benchmarks(page.get('benchmarks', []), f'cuda/{kind}/') for kind in ('forward', 'two_lanes'))
    found = {}
    for name in alone:
        precision, batch = name.split('/batch:')
        found[precision, int(batch)] = alone[name], lanes.get(name, {})
    return found


def better(first, second, key, choose):
    """Of two engines' measurements of one thing the better value, where both worked."""
    values = [entry[key] for entry in (first, second) if entry and 'error_message' not in entry and key in entry]
    return choose(values) if values else None


def profile_rows(path):
    """Launches, total time and mean shares of the peaks per kernel, of what ncu printed as CSV; [] if nothing was."""
    if not path.exists():
        return []
    lines = [line for line in path.read_text(errors='replace').splitlines() if line.startswith('"')]
    kernels = collections.defaultdict(lambda: collections.defaultdict(list))
    for row in csv.DictReader(lines):
        try:
            value = float(row['Metric Value'].replace(',', ''))
        except (KeyError, ValueError, AttributeError):
            continue
        name = row['Kernel Name'].split('(')[0][:90]
        scale = {'ns': 1e-3, 'nsecond': 1e-3, 'us': 1, 'usecond': 1, 'ms': 1e3, 'msecond': 1e3}.get(row['Metric Unit'], 1)
        kernels[name][row['Metric Name'].split('.')[0]].append(scale * value)
    rows = []
    for name, metrics in kernels.items():
        times = metrics['gpu__time_duration']
        shares = (statistics.mean(metrics[key]) if metrics[key] else None for key in ('sm__throughput', 'dram__throughput'))
        rows.append((sum(times), (name, len(times), number(sum(times)), *(number(share) for share in shares))))
    return [row for _, row in sorted(rows, key=lambda row: -row[0])]


def summary(first, proposed, theirs, out):
    """What the engine is meant to reach, and what it did: the better of the heuristic's and the proposed engines."""

    def ours(precision, batch, place, key, choose):
        pairs = [page.get((precision, batch), ({}, {}))[place] for page in (first, proposed)]
        return better(*pairs, key, choose)

    def least(values):
        values = [value for value in values if value is not None]
        return min(values) if values else None

    half = ('f16', 'bf16')
    rows = []

    def row(figure, must, goal, value, at_most=False, show=number):
        """`must` and `goal`: a rate or ratio at least, or, `at_most`, a time or distance."""
        met = None
        if value is not None:
            reached = [value <= limit if at_most else value >= limit for limit in (must, goal)]
            met = 'goal' if all(reached) else 'must' if reached[0] else 'missed'
        rows.append((figure, show(must), show(goal), show(value), met))

    def ratio_of(batch):
        mine = least(ours(precision, batch, 0, 'device_ms', min) for precision in half)
        peer = least(theirs.get((precision, batch), {}).get('device_ms') for precision in half)
        return peer / mine if mine and peer else None

    row('batch 1, f16 or bf16, ms on the GPU', 0.45, 0.25,
        least(ours(precision, 1, 0, 'device_ms', min) for precision in half), at_most=True)
    row('the same with the copies from and to host memory', 0.45, 0.25,
        least(ours(precision, 1, 0, 'with_copies_ms', min) for precision in half), at_most=True)
    row("batch 1, PyTorch's best over it", 1.2, 1.5, ratio_of(1))
    row('batch 32, bf16, pictures/s', 11000, 14000, ours('bf16', 32, 1, 'pictures/s', max))
    row('batch 128, bf16, pictures/s', 14000, 18000, ours('bf16', 128, 1, 'pictures/s', max))
    row("batch 128, f16 or bf16, PyTorch's best over it, on the GPU", 1.05, 1.3, ratio_of(128))
    row('batch 32, tf32, pictures/s', 6000, 8000, ours('tf32', 32, 1, 'pictures/s', max))
    row('batch 32, f32, pictures/s', 1500, 3000, ours('f32', 32, 1, 'pictures/s', max))
    for precision, limit in MOST_DISTANCE.items():
        found = [entry['1-cosine'] for page in (first, proposed) for (name, _), pair in page.items()
                 for entry in pair if name == precision and '1-cosine' in entry]
        row(f'{precision}, 1 - cosine to float32 features, the largest', limit, limit, max(found) if found else None,
            at_most=True, show=lambda value: None if value is None else f'{value:.0e}')
    table('Figures, the better of the engines that a user gets and those proposed; pictures/s are of two engines over the '
          'same weights, from and to host memory; times on the GPU, PyTorch\'s too, are of graphs from device memory to '
          'device memory', ('figure', 'must', 'goal', 'measured', 'reached'), rows, out)


def forward_rows(found, theirs):
    rows = []
    for (precision, batch), (entry, lanes) in found.items():
        if 'error_message' in entry:
            rows.append((precision, batch, entry['error_message']) + (None,) * 11)
            continue
        peer = theirs.get((precision, batch), {})
        rows.append((precision, batch, number(entry.get('device_ms')),
                     number(entry.get('with_copies_ms')), number(entry['p50_ms']), number(entry['p99_ms']),
                     number(entry['pictures/s']), lanes.get('error_message') or number(lanes.get('pictures/s')),
                     f'{entry["1-cosine"]:.1e}', number(peer.get('device_ms')), number(peer.get('wall_ms')),
                     ratio(peer.get('device_ms'), entry.get('device_ms')), ratio(peer.get('wall_ms'), entry['p50_ms']),
                     entry.get('label', '').replace(' engines from the table', '')))
    return rows


def main(folder, out=sys.stdout):
    folder = pathlib.Path(folder)
    torch = load(folder / 'torch.json')
    pages = {name: load(folder / f'{name}.json') for name in ('forward', 'forward_proposed', 'kernels', 'chunks',
                                                              'convolutions_1', 'convolutions_32', 'convolutions_128')}
    context = next((page['context'] for page in pages.values() if page.get('context')), {})
    entries = [entry for page in pages.values() for entry in page.get('benchmarks', [])]
    device = (folder / 'device.txt').read_text().strip() if (folder / 'device.txt').exists() else 'unknown'
    print(f'## {context.get("date", "")[:10]}: on a GPU\n', file=out)
    print(f'{context.get("device", "no device was found by the benchmarks")}; {context.get("cuda", "")}; cuDNN {context.get("cudnn", "?")}; nvidia-smi: '
          f'{device}. vgg16 {context.get("version", "")}; {torch.get("versions", "PyTorch was not run")}. '
          'Command: `bench/gpu.sh`.\n', file=out)
    if torch:
        print(f'Peaks measured by PyTorch: bf16 product of 8192 x 8192 {torch["matmul_tflops"]:.0f} TFLOP/s, copy '
              f'{torch["copy_gb_per_s"]:.0f} GB/s.\n', file=out)

    theirs = {(row['precision'], row['batch']): row for row in torch.get('forward', [])}
    first, proposed = passes(pages['forward']), passes(pages['forward_proposed'])
    summary(first, proposed, theirs, out)

    if (folder / 'steps.txt').exists():
        steps = [line.split('\t') for line in (folder / 'steps.txt').read_text().splitlines()]
        table('', ('step', 'status', 'seconds', 'said'), steps, out)

    header = ('precision', 'batch', 'GPU ms', 'and copies', 'p50 ms', 'p99 ms', 'pictures/s', 'two lanes', '1 - cosine',
              'PyTorch GPU ms', 'its p50 ms', 'GPU ratio', 'p50 ratio', 'from the table')
    table("Forward pass with the engines that a user gets: a graph on the GPU, the same with the copies, calls from host "
          'memory to host memory, two engines at a time; PyTorch\'s times and PyTorch / ours', header, forward_rows(first, theirs), out)
    table('The same with the engines that vgg16_propose_engines proposed in this run', header,
          forward_rows(proposed, theirs), out)
    if (folder / 'engines.txt').exists():
        lines = [line for line in (folder / 'engines.txt').read_text().splitlines() if line.startswith('{')]
        print(f'{len(lines)} lines for `kernels/conv3x3_cudnn_table.inc` are in engines.txt.\n', file=out)

    theirs = {(row['layer'], row['precision'], row['batch']): row['device_ms'] for row in torch.get('layers', [])}
    by_hand, by_cudnn = (benchmarks(entries, f'cuda/conv3x3_{name}/') for name in ('mma', 'cudnn'))
    rows = []
    for name, entry in by_cudnn.items():
        layer, precision, batch = name.replace('batch:', '').split('/')
        hand, peer = by_hand.get(name, {}), theirs.get((layer, precision, int(batch)))
        rows.append((layer, precision, batch, *time_and_rate(hand), *time_and_rate(entry), number(peer and 1e3 * peer),
                     ratio(entry.get('p50_ms'), hand.get('p50_ms')), entry.get('label')))
    table('Convolutions with bias, ReLU and pooling, on the device: by hand, by cuDNN with the proposed engines, PyTorch',
          ('layer', 'precision', 'batch', 'by hand µs', 'TFLOP/s', 'cuDNN µs', 'TFLOP/s', 'PyTorch µs', 'cuDNN / by hand',
           "cuDNN's engine"), rows, out)

    rows = []
    for name, entry in benchmarks(entries, 'cuda/chunks/').items():
        blocks, precision, at_a_time = (part.split(':')[-1] for part in name.split('/'))
        failed = entry.get('error_message')
        rows.append((f'1 to {blocks}', precision, at_a_time, failed or number(entry['p50_ms']),
                     None if failed else number(entry['pictures/s'])))
    table('The first blocks for 128 pictures, some at a time', ('blocks', 'precision', 'at a time', 'ms', 'pictures/s'),
          rows, out)

    for batch in (1, 128):
        table(f'Profile of forward passes of batch {batch} in bf16, kernel by kernel, each alone on the device',
              ('kernel', 'launches', 'µs in all', 'SM % of peak', 'memory % of peak'),
              profile_rows(folder / f'profile_{batch}.log'), out)

    rows = []
    for name, entry in benchmarks(entries, 'cuda/').items():
        if not name.startswith(('conv3x3', 'forward', 'two_lanes', 'chunks')):
            rows.append((name, entry.get('error_message') or number(1e3 * entry['p50_ms']), number(entry.get('GB/s'))))
    table('Other kernels, on the device', ('kernel', 'µs', 'GB/s'), rows, out)


if __name__ == '__main__':
    main(sys.argv[1])
