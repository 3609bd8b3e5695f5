#!/usr/bin/env python3
"""Times decoding and resizing photographs to 224 x 224 in turns with Pillow, torchvision and OpenCV, one thread each.

  python3 -m venv venv && venv/bin/pip install pillow numpy torch torchvision opencv-python-headless
  venv/bin/python bench/photographs.py FOLDER photographs
  venv/bin/python bench/picture_peers.py --ours build/bench/vgg16_picture_times photographs/*/*.jpg

Prints one line per file: the median of our milliseconds, then for each peer the median over the rounds of its time
divided by ours ("whole" is our own decode of all pixels). A peer that is not installed is left out. Pillow decodes as
the scripts do, open().convert('RGB').resize(); OpenCV and torchvision resize by nearest neighbour too, but choose other
source pixels.
"""
import argparse
import json
import statistics
import subprocess
import sys
import time

SIDE = 224


def pillow():
    from PIL import Image
    return lambda path: Image.open(path).convert('RGB').resize((SIDE, SIDE), Image.Resampling.NEAREST)


def opencv():
    import cv2
    cv2.setNumThreads(1)
    return lambda path: cv2.resize(cv2.imread(path, cv2.IMREAD_COLOR), (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)


def torchvision():
    import torch
    from torchvision.io import ImageReadMode, read_file, decode_jpeg
    torch.set_num_threads(1)
    return lambda path: torch.nn.functional.interpolate(
        decode_jpeg(read_file(path), ImageReadMode.RGB)[None], (SIDE, SIDE), mode='nearest')


PEERS = {'pillow': pillow, 'opencv': opencv, 'torchvision': torchvision}


def worker(name):
    """Reads paths from standard input and answers with milliseconds."""
    decode = PEERS[name]()
    print('ready', flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        decode(line.rstrip('\n'))
        print((time.perf_counter() - start) * 1e3, flush=True)


def start_workers():
    workers = {}
    for name in PEERS:
        process = subprocess.Popen([sys.executable, __file__, '--worker', name], text=True, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if process.stdout.readline().strip() == 'ready':
            workers[name] = process
    return workers


def ask(process, path):
    process.stdin.write(path + '\n')
    process.stdin.flush()
    return float(process.stdout.readline())


def ours(program, path):
    output = subprocess.run([program, '0', path], capture_output=True, text=True, check=True).stdout
    times = json.loads(output)
    return statistics.median(times['resized_ms']), statistics.median(times['whole_ms'])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('files', nargs='*')
    parser.add_argument('--ours')
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--worker', choices=PEERS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        worker(args.worker)
        return
    if not args.ours or not args.files:
        parser.error('--ours and files are needed')
    workers = start_workers()
    for path in args.files:
        times, ratios = [], {name: [] for name in ('whole', *workers)}
        for _ in range(args.rounds):
            resized, whole = ours(args.ours, path)
            times.append(resized)
            ratios['whole'].append(whole / resized)
            for name, process in workers.items():
                ratios[name].append(ask(process, path) / resized)
        print(f'{path}  {statistics.median(times):.1f} ms ',
              '  '.join(f'{name} {statistics.median(values):.2f}' for name, values in ratios.items()), flush=True)


if __name__ == '__main__':
    main()
