#!/usr/bin/env python3
"""Times extracting a folder of labelled photographs, whole processes in turns: ours, the Keras script, PyTorch.

  python3 -m venv venv && venv/bin/pip install tensorflow-cpu keras torch h5py numpy pillow
  venv/bin/python bench/extract_peers.py --ours build/cli/vgg16 --weights KERAS.h5 FOLDER [--rounds 3] [--python PYTHON]

keras: as the script that this program replaces: load_img, preprocess_input and VGG16(include_top=False).predict for
batches of 32, one process. torch: the same pixels by Pillow in a DataLoader with as many workers as processors, float32,
batches of 32. Both write the rows with h5py. Prints the seconds of each round and, for each peer, the median of its time
divided by ours. A peer that is not installed is left out; --python gives PyTorch an interpreter of its own.
"""
import argparse
import glob
import os
import statistics
import subprocess
import sys
import tempfile
import time

BATCH = 32


def photographs(folder):
    return sorted(p for p in glob.glob(os.path.join(folder, '**', '*.*'), recursive=True)
                  if p.lower().endswith(('.jpg', '.jpeg', '.png')))


def write_rows(out, batches, n):
    import h5py
    with h5py.File(out, 'w') as file:
        features = file.create_dataset('features', (n, 25088), 'float32')
        done = 0
        for rows in batches:
            features[done:done + len(rows)] = rows
            done += len(rows)


def run_keras(folder, out, weights):
    import numpy as np
    from keras.applications import VGG16
    from keras.applications.vgg16 import preprocess_input
    from keras.utils import img_to_array, load_img
    model = VGG16(weights=weights, include_top=False, input_shape=(224, 224, 3))
    paths = photographs(folder)

    def rows(first):
        batch = [preprocess_input(img_to_array(load_img(p, target_size=(224, 224))))
                 for p in paths[first:first + BATCH]]
        return model.predict(np.stack(batch), batch_size=BATCH, verbose=0).reshape(len(batch), -1)

    write_rows(out, (rows(first) for first in range(0, len(paths), BATCH)), len(paths))


class Photographs:
    """A data set for PyTorch's DataLoader: pixels (3, 224, 224), BGR minus the mean."""

    def __init__(self, paths):
        self.paths = paths

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        import numpy as np
        from PIL import Image
        rgb = np.asarray(Image.open(self.paths[i]).convert('RGB').resize((224, 224), Image.NEAREST), np.float32)
        return (rgb[..., ::-1] - np.array([103.939, 116.779, 123.68], np.float32)).transpose(2, 0, 1)


def run_torch(folder, out, weights):
    import h5py
    import torch
    torch.set_grad_enabled(False)
    layers = []
    with h5py.File(weights) as file:
        for block, count in enumerate((2, 2, 3, 3, 3), 1):
            for i in range(1, count + 1):
                name = f'block{block}_conv{i}'
                kernel, bias = (torch.from_numpy(file[name][n.decode()][()]) for n in file[name].attrs['weight_names'])
                conv = torch.nn.Conv2d(kernel.shape[2], kernel.shape[3], 3, padding=1)
                conv.weight.copy_(kernel.permute(3, 2, 0, 1))
                conv.bias.copy_(bias)
                layers += [conv, torch.nn.ReLU(inplace=True)]
            layers.append(torch.nn.MaxPool2d(2))
    net = torch.nn.Sequential(*layers).to(memory_format=torch.channels_last)
    paths = photographs(folder)
    loader = torch.utils.data.DataLoader(Photographs(paths), BATCH, num_workers=os.cpu_count())
    rows = (net(x.to(memory_format=torch.channels_last)).permute(0, 2, 3, 1).flatten(1).numpy() for x in loader)
    write_rows(out, rows, len(paths))


PEERS = {'keras': run_keras, 'torch': run_torch}
MODULES = {'keras': 'keras, tensorflow', 'torch': 'torch'}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder')
    parser.add_argument('--weights', required=True)
    parser.add_argument('--ours')
    parser.add_argument('--python', default=sys.executable)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--peer', choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument('--out', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        PEERS[args.peer](args.folder, args.out, args.weights)
        return
    if not args.ours:
        parser.error('--ours is needed')
    with tempfile.TemporaryDirectory() as scratch:
        out = os.path.join(scratch, 'rows.h5')
        commands = {'ours': [args.ours, 'extract', '-d', args.folder, '-o', out, '--overwrite', '-q',
                             '--weights', args.weights]}
        for peer in PEERS:
            python = args.python if peer == 'torch' else sys.executable
            if subprocess.run([python, '-c', f'import {MODULES[peer]}'], capture_output=True).returncode == 0:
                commands[peer] = [python, __file__, args.folder, '--weights', args.weights, '--peer', peer, '--out', out]
        times = {name: [] for name in commands}
        for _ in range(args.rounds):
            for name, command in commands.items():
                start = time.perf_counter()
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                times[name].append(time.perf_counter() - start)
            print('  '.join(f'{name} {t[-1]:.2f} s' for name, t in times.items()), flush=True)
        for name, t in times.items():
            ratios = [theirs / our for theirs, our in zip(t, times['ours'])]
            print(f'{name}: {statistics.median(ratios):.2f} times as long as ours')


if __name__ == '__main__':
    main()
