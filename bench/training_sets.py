#!/usr/bin/env python3
"""Makes the features files that train_peers.py trains on, from one folder of pictures with a sub-folder per class.

  venv/bin/python bench/training_sets.py --program build/cli/vgg16 --pictures animals --out /var/tmp/training_sets

base          the pictures as they are
easy3         1,000 rows a class: each picture and altered copies of it (turned, cropped, mirrored, lighter or darker)
easy17        1,360 rows in 17 classes of 80: the classes are clusters of the pictures, found from their features
hard17        the pictures of easy17 through random weights: features that hardly tell the classes apart
hard3         the same rows in their three classes
duplicates    the pictures with copies of 60 of them, re-encoded or made smaller; duplicates.json has the pairs
made17        1,360 rows in 17 Gaussian classes after a ReLU, without pictures: 92 % of the numbers are 0
large         20,000 rows in 10 classes, made of the features of base without pictures

Files that are there already are kept. Needs h5py, numpy, Pillow and safetensors.
"""
import argparse
import json
import pathlib
import random
import subprocess

import h5py
import numpy
from PIL import Image, ImageEnhance, ImageOps
from safetensors.numpy import save_file

CHANNELS = (3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
LAYERS = [f'block{block}_conv{i}' for block, count in enumerate((2, 2, 3, 3, 3), 1) for i in range(1, count + 1)]


def extract(program, pictures, out, *options):
    if not out.exists():
        subprocess.run([program, 'extract', '-d', pictures, '-o', out, '--no-progress', *options], check=True)


def pictures_of(folder):
    return {c.name: sorted(p for p in c.iterdir() if p.suffix == '.jpg') for c in sorted(folder.iterdir())}


def altered(image, chance):
    """A picture of the same thing, as another photograph might have shown it."""
    width, height = image.size
    image = image.rotate(chance.uniform(-15, 15), Image.Resampling.BILINEAR)
    left, top = (chance.uniform(0.05, 0.15) * side for side in (width, height))
    right, bottom = (side * (1 - chance.uniform(0.05, 0.15)) for side in (width, height))
    image = image.crop((int(left), int(top), int(right), int(bottom)))
    if chance.random() < 0.5:
        image = ImageOps.mirror(image)
    return ImageEnhance.Brightness(image).enhance(chance.uniform(0.7, 1.3))


def write_altered(pictures, folder, rows_per_class):
    """folder/CLASS/STEM_0.jpg is a link to the picture, _1 and on are altered copies."""
    for name, paths in pictures.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(rows_per_class):
            path = paths[i % len(paths)]
            out = folder / name / f'{path.stem}_{i // len(paths)}.jpg'
            if i < len(paths):
                out.symlink_to(path)
            else:
                chance = random.Random(f'{out.name}')
                altered(Image.open(path).convert('RGB'), chance).save(out, quality=92)


def clusters(rows, count, seed):
    """Numbers of clusters of about equal size: k-means in the space of the rows, each centre taking its share only."""
    rows = rows - rows.mean(axis=0)
    centre = rows[numpy.random.default_rng(seed).choice(len(rows), count, replace=False)]
    for _ in range(20):
        distance = ((rows**2).sum(axis=1)[:, None] - 2 * rows @ centre.T + (centre**2).sum(axis=1))
        room = numpy.full(count, -(-len(rows) // count))
        cluster = numpy.full(len(rows), -1)
        for place in numpy.argsort(distance, axis=None):
            row, c = divmod(int(place), count)
            if cluster[row] < 0 and room[c] > 0:
                cluster[row] = c
                room[c] -= 1
        centre = numpy.stack([rows[cluster == c].mean(axis=0) for c in range(count)])
    return cluster


def cluster_of_each(base, counts):
    """{stem of a picture: number of its cluster}, counts[class] clusters in each class."""
    with h5py.File(base) as file:
        rows, paths = file['features'][:], file['paths'].asstr()[:]
    found = {}
    for name, count in counts.items():
        own = [i for i, path in enumerate(paths) if path.startswith(name + '/')]
        for i, cluster in zip(own, clusters(rows[own], count, 1)):
            found[pathlib.Path(paths[i]).stem] = cluster
    return found


def chosen_pictures(easy3, cluster, rows_per_class):
    """{class_cluster: names of pictures below easy3}: the pictures, then altered ones, of each cluster."""
    chosen = {}
    for path in sorted(easy3.glob('*/*'), key=lambda p: (p.stem.rpartition('_')[2], p.name)):
        own = chosen.setdefault(f'{path.parent.name}_{cluster[path.stem.rpartition("_")[0]]}', [])
        if len(own) < rows_per_class:
            own.append(f'{path.parent.name}/{path.name}')
    return chosen


def write_rows(source, out, chosen):
    """The rows of some pictures, shuffled; chosen is {class: paths}."""
    if out.exists():
        return
    names = sorted(chosen)
    wanted = [(path, label) for label, name in enumerate(names) for path in chosen[name]]
    random.Random(42).shuffle(wanted)
    with h5py.File(source) as file, h5py.File(out, 'w', libver='earliest') as to:
        row = {path: i for i, path in enumerate(file['paths'].asstr()[:])}
        features = file['features'][:]
        to['features'] = features[[row[path] for path, _ in wanted]]
        to['labels'] = numpy.array([label for _, label in wanted])
        text = h5py.string_dtype()
        to.create_dataset('label_names', data=names, dtype=text)
        to.create_dataset('paths', data=[path for path, _ in wanted], dtype=text)


def write_random_weights(path):
    """He's initialisation (arXiv:1502.01852, equation 10), uniform, with small biases."""
    draw = numpy.random.default_rng(1)
    tensors = {}
    for i, layer in enumerate(LAYERS):
        ic, oc = CHANNELS[i:i + 2]
        width = (6 / (9 * ic))**0.5
        tensors[f'{layer}/kernel'] = draw.uniform(-width, width, (3, 3, ic, oc)).astype(numpy.float32)
        tensors[f'{layer}/bias'] = draw.uniform(-0.1, 0.1, oc).astype(numpy.float32)
    save_file(tensors, path)


def write_duplicates(pictures, folder):
    """Copies of every tenth picture: JPEG of lesser quality, PNG, or JPEG at 70 % or half the size, in turns."""
    pairs = []
    for name, paths in pictures.items():
        (folder / name).mkdir(parents=True)
        for path in paths:
            (folder / name / path.name).symlink_to(path)
        for i, path in enumerate(paths[::10]):
            image = Image.open(path).convert('RGB')
            if i % 4 >= 2:
                share = (0.7, 0.5)[i % 2]
                image = image.resize([int(side * share) for side in image.size], Image.Resampling.LANCZOS)
            copy = folder / name / f'copy_of_{path.stem}.{"png" if i % 4 == 1 else "jpg"}'
            image.save(copy, **({'quality': (50, 0, 85, 85)[i % 4]} if i % 4 != 1 else {}))
            pairs.append([f'{name}/{path.name}', f'{name}/{copy.name}', ('q50', 'png', '70%', '50%')[i % 4]])
    return pairs


def write_made(out, rows=1360, columns=25088, classes=17):
    draw = numpy.random.default_rng(1)
    labels = draw.permutation(numpy.arange(rows) % classes)
    centres = draw.normal(0, 1, columns) + draw.normal(0, 0.25, (classes, columns))
    features = numpy.empty((rows, columns), numpy.float32)
    for i, label in enumerate(labels):
        features[i] = numpy.maximum(0, centres[label] + draw.normal(0, 1.5, columns) - 2.55)
    features *= draw.lognormal(1, 1, columns).astype(numpy.float32)
    with h5py.File(out, 'w', libver='earliest') as file:
        file['features'] = features
        file['labels'] = labels
        file.create_dataset('label_names', data=[f'class_{c:02}' for c in range(classes)], dtype=h5py.string_dtype())


def write_large(base, out, rows=20000, classes=10):
    """Rows that take each of the 49 positions from one of three rows of their cluster, every number times noise."""
    with h5py.File(base) as file:
        parents, base_labels = file['features'][:].reshape(-1, 49, 512), file['labels'][:]
    cluster = clusters(parents.reshape(len(parents), -1), classes, 2)
    draw = numpy.random.default_rng(3)
    labels = draw.integers(0, classes, rows)
    with h5py.File(out, 'w', libver='earliest') as file:
        features = file.create_dataset('features', (rows, 49 * 512), numpy.float32)
        for first in range(0, rows, 500):
            block = numpy.empty((500, 49, 512), numpy.float32)
            for i, label in enumerate(labels[first:first + 500]):
                own = draw.choice(numpy.flatnonzero(cluster == label), 3)
                block[i] = parents[own[draw.integers(0, 3, 49)], numpy.arange(49)]
            block *= draw.lognormal(0, 0.3, block.shape).astype(numpy.float32)
            features[first:first + 500] = block.reshape(500, -1)
        file['labels'] = labels
        file.create_dataset('label_names', data=[f'class_{c}' for c in range(classes)], dtype=h5py.string_dtype())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--program', required=True)
    parser.add_argument('--pictures', type=pathlib.Path, required=True)
    parser.add_argument('--out', type=pathlib.Path, required=True)
    args = parser.parse_args()
    out = args.out
    out.mkdir(parents=True, exist_ok=True)
    pictures = pictures_of(args.pictures.resolve())

    extract(args.program, args.pictures, out / 'base.h5')
    if not (out / 'easy3').exists():
        write_altered(pictures, out / 'easy3', 1000)
    extract(args.program, out / 'easy3', out / 'easy3.h5')
    cluster = cluster_of_each(out / 'base.h5', dict(zip(pictures, (6, 6, 5))))
    seventeen = chosen_pictures(out / 'easy3', cluster, 80)
    write_rows(out / 'easy3.h5', out / 'easy17.h5', seventeen)
    if not (out / 'random.safetensors').exists():
        write_random_weights(out / 'random.safetensors')
    for path in sum(seventeen.values(), []):
        link = out / 'hard' / path
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to((out / 'easy3' / path).resolve())
    extract(args.program, out / 'hard', out / 'hard3.h5', '--weights', out / 'random.safetensors')
    write_rows(out / 'hard3.h5', out / 'hard17.h5', seventeen)
    if not (out / 'made17.h5').exists():
        write_made(out / 'made17.h5')
    if not (out / 'duplicates').exists():
        pairs = write_duplicates(pictures, out / 'duplicates')
        (out / 'duplicates.json').write_text(json.dumps(pairs))
    extract(args.program, out / 'duplicates', out / 'duplicates.h5')
    if not (out / 'large.h5').exists():
        write_large(out / 'base.h5', out / 'large.h5')


if __name__ == '__main__':
    main()
