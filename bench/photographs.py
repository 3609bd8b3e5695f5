#!/usr/bin/env python3
"""Makes photographs of camera size out of a folder of small ones, for picture_peers.py.

  bench/photographs.py SOURCE OUT [--count 12] [--megapixels 12]

Each is 4:3, quality 92, in two sets below OUT, by turns:
  enlarged/  one picture of SOURCE: median filter, Lanczos enlargement, unsharp mask. Without the filter its JPEG
             artefacts would be enlarged to blocks, without the mask it would be smoother than a camera's pictures are;
             it still has less colour detail than they have.
  mosaic/    as many pictures of SOURCE as fill it, at their own size: more detail in brightness and colour than a
             camera's pictures have.
The truth lies between the two. Below OUT/kinds stands one picture of each set in other samplings, progressive and grey.
Needs Pillow.
"""
import argparse
import os
import random

from PIL import Image, ImageFilter


def enlarged(paths, size):
    image = Image.open(next(paths)).convert('RGB').filter(ImageFilter.MedianFilter(3))
    return image.resize(size, Image.Resampling.LANCZOS).filter(ImageFilter.UnsharpMask(4, 180, 2))


def mosaic(paths, size):
    canvas = Image.new('RGB', size)
    y = 0
    while y < size[1]:
        x, height = 0, 240
        while x < size[0]:
            image = Image.open(next(paths)).convert('RGB')
            image = image.crop((0, 0, image.width, min(image.height, height)))
            canvas.paste(image, (x, y))
            x += image.width
        y += height
    return canvas


def endless(paths):
    while True:
        random.shuffle(paths)
        yield from paths


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source')
    parser.add_argument('out')
    parser.add_argument('--count', type=int, default=12)
    parser.add_argument('--megapixels', type=float, default=12)
    args = parser.parse_args()
    random.seed(1)
    found = sorted(os.path.join(folder, name) for folder, _, names in os.walk(args.source) for name in names
                   if name.endswith('.jpg'))
    paths = endless(found)
    height = round((args.megapixels * 1e6 * 3 / 4) ** 0.5)
    size = (height * 4 // 3, height)
    for number in range(args.count):
        make = (enlarged, mosaic)[number % 2]
        image = make(paths, size)
        folder = os.path.join(args.out, make.__name__)
        os.makedirs(folder, exist_ok=True)
        image.save(os.path.join(folder, f'{number:03}.jpg'), quality=92, subsampling=2)
        if number < 2:
            kinds = os.path.join(args.out, 'kinds')
            os.makedirs(kinds, exist_ok=True)
            for name, options in (('444', {'subsampling': 0}), ('422', {'subsampling': 1}),
                                  ('progressive', {'subsampling': 2, 'progressive': True})):
                image.save(os.path.join(kinds, f'{make.__name__}_{name}.jpg'), quality=92, **options)
            image.convert('L').save(os.path.join(kinds, f'{make.__name__}_grey.jpg'), quality=92)


if __name__ == '__main__':
    main()
