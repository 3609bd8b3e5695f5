"""Makes the files of this folder: what VGG16 gives for two pictures made by a formula, computed by PyTorch.

usage: make_golden.py WEIGHTS.h5        Keras' vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5
Needs torch, numpy and h5py. README.md says what is in the files.
"""
import hashlib
import json
import os
import sys
import zlib

import h5py
import numpy as np
import torch

BLOCKS = (2, 2, 3, 3, 3)
MEAN_BGR = np.array([103.939, 116.779, 123.68], np.float32)
EXCERPT = 64
STEP = 1000003  # a prime that divides no layer's size, so that the excerpt touches every channel and region


def pictures():
    """uint8 (224, 224, 3), RGB; tests/support/golden_picture.h has the same formulas."""
    y, x, c = np.indices((224, 224, 3))
    yield 'waves', ((x * (3 + c) + y * (5 - c) + ((x * y) >> (4 + c))) & 255).astype(np.uint8)
    yield 'blocks', ((((x // 16) ^ (y // 16)) * (41 + 20 * c) + (x * y) % 31 * 2) & 255).astype(np.uint8)


def half_precision_weights(path):
    """(name, kernel HWIO, bias) of the 13 convolutions, rounded to float16, nearest even, and back to float32."""
    with h5py.File(path) as f:
        for block, count in enumerate(BLOCKS, 1):
            for i in range(1, count + 1):
                name = f'block{block}_conv{i}'
                kernel, bias = (f[name][n.decode()][()] for n in f[name].attrs['weight_names'])
                yield name, kernel.astype(np.float16).astype(np.float32), bias.astype(np.float16).astype(np.float32)


def layers(picture, weights):
    """(name, output (h, w, c)) of the 18 layers: float32 up to the mean subtraction, double from there."""
    x = picture.astype(np.float32)[..., ::-1] - MEAN_BGR
    x = torch.from_numpy(x.transpose(2, 0, 1).astype(np.float64))[None]
    remaining = iter(weights)
    for block, count in enumerate(BLOCKS, 1):
        for _ in range(count):
            name, kernel, bias = next(remaining)
            kernel = torch.from_numpy(kernel.transpose(3, 2, 0, 1).astype(np.float64))
            x = torch.relu(torch.conv2d(x, kernel, torch.from_numpy(bias.astype(np.float64)), padding=1))
            yield name, x[0].permute(1, 2, 0).numpy()
        x = torch.max_pool2d(x, 2)
        yield f'block{block}_pool', x[0].permute(1, 2, 0).numpy()


def main(weights_path):
    torch.set_grad_enabled(False)
    folder = os.path.dirname(os.path.abspath(__file__))
    weights = list(half_precision_weights(weights_path))
    digest = hashlib.sha256()
    for _, kernel, bias in weights:
        digest.update(kernel.astype('<f4').tobytes() + bias.astype('<f4').tobytes())
    golden = {'versions': {'torch': torch.__version__, 'numpy': np.__version__}, 'weights_sha256': digest.hexdigest(),
              'pictures': []}
    for name, picture in pictures():
        entry = {'name': name, 'crc32': zlib.crc32(picture.tobytes()), 'layers': []}
        for layer, output in layers(picture, weights):
            flat = output.reshape(-1)
            indices = np.arange(EXCERPT) * STEP % flat.size
            entry['layers'].append({
                'name': layer, 'shape': output.shape, 'max': flat.max(), 'sum': flat.sum(),
                'sum_of_squares': (flat * flat).sum(), 'excerpt': [float(f'{v:.9g}') for v in flat[indices]]})
        np.save(os.path.join(folder, f'{name}.npy'), flat.astype('<f4'))
        golden['pictures'].append(entry)
    with open(os.path.join(folder, 'golden.json'), 'w') as f:
        f.write(json.dumps(golden).replace('{"name"', '\n{"name"') + '\n')  # a layer a line


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
