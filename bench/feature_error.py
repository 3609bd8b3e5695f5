#!/usr/bin/env python3
"""How far the rows of a features file are from VGG16 computed in double by PyTorch, on the same pictures and weights.

  vgg16 extract -d animals -o a.h5 --weights weights.h5 [--precision bf16]
  bench/feature_error.py a.h5 animals weights.h5 [--rows 24]

WEIGHTS is Keras' .h5 or our .safetensors. Of the first --rows rows: the relative L2 error of a row, the largest
deviation over the row's largest value, and the cosine. Needs torch, h5py, numpy and Pillow.
"""
import argparse
import os

import h5py
import numpy as np
import torch
from PIL import Image

from peer_engines import LAYERS, MEAN_BGR, load_weights


def features(path, weights):
    """(25088,) float64 in (7, 7, 512) order, of block5_pool."""
    rgb = np.asarray(Image.open(path).convert('RGB').resize((224, 224), Image.NEAREST), np.float32)
    x = torch.from_numpy((rgb[..., ::-1] - MEAN_BGR).transpose(2, 0, 1)[None].astype(np.float64))
    for layer in LAYERS:
        if 'pool' in layer:
            x = torch.nn.functional.max_pool2d(x, 2)
        else:
            kernel, bias = weights[layer]
            x = torch.nn.functional.conv2d(x, kernel, bias, padding=1).relu()
    return x[0].permute(1, 2, 0).reshape(-1).numpy()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('features')
    parser.add_argument('folder')
    parser.add_argument('weights')
    parser.add_argument('--rows', type=int, default=24)
    arguments = parser.parse_args()
    torch.set_grad_enabled(False)
    weights = {name: [torch.from_numpy(values.astype(np.float64)) for values in pair]
               for name, pair in load_weights(arguments.weights).items()}
    errors, deviations, cosines = [], [], []
    with h5py.File(arguments.features) as file:
        for row, path in zip(file['features'][:arguments.rows], file['paths'].asstr()[:arguments.rows]):
            row, exact = row.astype(np.float64), features(os.path.join(arguments.folder, path), weights)
            errors.append(np.linalg.norm(row - exact) / np.linalg.norm(exact))
            deviations.append(abs(row - exact).max() / exact.max())
            cosines.append(row @ exact / np.linalg.norm(row) / np.linalg.norm(exact))
    print(f'{len(errors)} rows: relative L2 error {np.median(errors):.2e} in the median, {max(errors):.2e} at most; '
          f'largest deviation {max(deviations):.2e} of the largest value; 1 - cosine at most {1 - min(cosines):.1e}')


if __name__ == '__main__':
    main()
