"""Makes tests/fuzz/corpus: small files of every kind that the fuzzers begin from.

    fuzz_corpus.py BUILD_FOLDER CORPUS_FOLDER      with h5py, NumPy, Pillow and safetensors
"""
import io
import json
import shutil
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

import feature_files

build, corpus = Path(sys.argv[1]), Path(sys.argv[2])


def damaged(path, folder):
    """Copies of an HDF5 file of the earliest format, each with one number that leads astray: with such files the HDF5
    library (1.10.8) reads and writes where it must not."""
    whole = path.read_bytes()

    def spoil(name, signature, offset, value, size=8, last=False):
        at = whole.rfind(signature) if last else whole.find(signature)
        assert at >= 0, (path, signature)
        bad = bytearray(whole)
        bad[at + offset:at + offset + size] = (value % (1 << 8 * size)).to_bytes(size, "little")
        (folder / f"damaged-{name}-{path.name}").write_bytes(bad)

    tree = whole.find(b"TREE")
    spoil("heap-size", b"HEAP", 8, 1 << 40)
    spoil("heap-address", b"HEAP", 24, -4096)
    spoil("heap-beyond", b"HEAP", 24, len(whole) - 4)
    spoil("tree-circle", b"TREE", 24 + 8, tree)
    spoil("tree-level", b"TREE", 5, 255, 1)
    spoil("tree-entries", b"TREE", 6, 65535, 2)
    spoil("tree-child", b"TREE", 24 + 8, 1 << 63)
    spoil("symbols", b"SNOD", 6, 65535, 2)
    spoil("symbol-name", b"SNOD", 8, 1 << 62)
    spoil("symbol-object", b"SNOD", 16, -8)
    spoil("symbol-root", b"SNOD", 16, 96)
    if b"GCOL" in whole:
        spoil("texts-size", b"GCOL", 8, 1 << 48)
        spoil("text-size", b"GCOL", 16 + 8, (1 << 64) - 8)
    if whole.count(b"TREE\1"):
        spoil("chunk-size", b"TREE\1", 24, 1 << 31, 4)
        spoil("chunk-place", b"TREE\1", 24 + 8, 1 << 60)
        spoil("chunk-address", b"TREE\1", 24 + 8 + 8 * 3, 1 << 50)
    for name in (b"deflate", b"shuffle"):
        if name in whole:  # the filter's number, length of name, flags, number of values, then its name
            spoil(f"filter-values-{name.decode()}", name, -2, 65535, 2)
            spoil(f"filter-name-{name.decode()}", name, -6, 65528, 2)


def features(folder):
    program = build / "tests/engine/feature_writer_program"
    for name, arguments in {"ours": "3 4 10 0", "dropped": "5 4 2 2", "one": "1 1 1 0"}.items():
        subprocess.run([program, folder / f"{name}.h5", *arguments.split()], check=True, stdout=subprocess.DEVNULL)
    feature_files.old(folder / "old.h5")
    with tempfile.TemporaryDirectory() as made:
        feature_files.variants(made)
        for name in "chunked-f8be packed latest compact fixed-names contiguous-f2le more".split():
            shutil.copy(Path(made) / f"{name}.h5", folder)
    for name in ("ours", "packed"):
        damaged(folder / f"{name}.h5", folder)


def pictures(folder):
    x = np.random.default_rng(1).integers(0, 256, (9, 13, 3), np.uint8)
    x[:5] = 100
    rgb = Image.fromarray(x)
    for name, options in {
        "baseline": {}, "420": {"subsampling": 2}, "444": {"subsampling": 0}, "progressive": {"progressive": True},
        "optimised": {"optimize": True}, "poor": {"quality": 5}, "restarts": {"restart_marker_blocks": 1},
        "comment": {"comment": b"a comment"},
    }.items():
        rgb.save(folder / f"{name}.jpg", **options)
    for mode in ("L", "CMYK"):
        rgb.convert(mode).save(folder / f"{mode}.jpg")
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        rgb.convert(mode).save(folder / f"{mode}.png")
    rgb.quantize(4).save(folder / "palette4.png", transparency=1, bits=2)
    Image.fromarray((x[:, :, 0].astype(np.uint16) * 257)).save(folder / "I16.png")


def keras_h5(folder):
    def write(name, **options):
        with h5py.File(folder / name, "w", **options) as f:
            f.attrs["layer_names"] = np.array([b"block1_conv1", b"block1_conv2"])
            group = f.create_group("block1_conv1")
            group.attrs["weight_names"] = np.array([b"block1_conv1_W_1:0", b"block1_conv1_b_1:0"])
            group["block1_conv1_W_1:0"] = np.full((3, 3, 3, 64), 0.5, "<f4")
            group["block1_conv1_b_1:0"] = np.zeros(64, "<f4")
            inner = f.create_group("block1_conv2/block1_conv2")
            inner.create_dataset("kernel:0", (3, 3, 64, 64), "<f4", chunks=(3, 3, 8, 64), compression="gzip")
            inner["bias:0"] = np.zeros(64, "<f4")

    write("earliest.h5")
    write("latest.h5", libver="latest")
    damaged(folder / "earliest.h5", folder)


def safetensors(folder):
    def write(name, header, size):
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        (folder / name).write_bytes(len(text).to_bytes(8, "little") + text + bytes(range(size)))

    write("one", {"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}, 24)
    write("two", {"__metadata__": {"key": "välue\n"}, "a": {"dtype": "F16", "shape": [], "data_offsets": [0, 2]},
                  "b/kernel": {"dtype": "F64", "shape": [0, 4], "data_offsets": [2, 2]}}, 2)
    write("bias", {"block1_conv1/bias": {"dtype": "F32", "shape": [64], "data_offsets": [0, 256]}}, 256)


def model_checksum(metadata, tensors):
    """As engine/learn/model_file.h says; tensors: name, dtype, shape, bytes."""
    def text(value):
        return number(len(value)) + value

    def number(value):
        return value.to_bytes(8, "little")

    said = number(len(metadata))
    for key, value in sorted((k.encode(), v.encode()) for k, v in metadata.items()):
        said += text(key) + text(value)
    for name, dtype, shape, stored in sorted(tensors):
        said += text(name.encode()) + text(dtype.encode()) + number(len(shape))
        said += b"".join(map(number, shape)) + text(stored)
    return f"{zlib.crc32(said):08x}"


def model(folder):
    def write(name, classes, more, **tensors):
        metadata = {
            "format": "vgg16-classifier-1", "classes": json.dumps(classes), **more, "layer": "block5_pool",
            "pool": "none", "preprocessing": "keras-nearest-224-bgr-mean", "weights_sha256": "a" * 64,
            "backend": "cpu", "precision": "f32", "instruction_set": "avx2", "program_version": "0.1.0",
        }
        dtypes = {"f8": "F64", "f4": "F32", "u4": "U32"}
        stored = [(t, dtypes[x.dtype.str[1:]], list(x.shape), x.tobytes()) for t, x in tensors.items()]
        header, data = {"__metadata__": metadata}, b""
        for tensor, dtype, shape, content in stored:
            header[tensor] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
            data += content
        metadata["crc32"] = model_checksum(metadata, stored)
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        (folder / name).write_bytes(len(text).to_bytes(8, "little") + text + data)

    def linear(name, classes, rows, columns):
        numbers = np.linspace(-1, 1, rows * columns + rows)
        write(name, classes, {"C": "1"}, coef=numbers[:rows * columns].reshape(rows, columns),
              intercept=numbers[rows * columns:])

    linear("two", ["cats", "dogs"], 1, 3)
    linear("three", ["cats", "dogs", "pânda"], 3, 2)
    write("forest", ["cats", "dogs", "pânda"], {"classifier": "forest"}, roots=np.array([0, 5], "<u4"),
          column=np.array([1, 0, 3, 1, 2, 3], "<u4"), threshold=np.array([0.5, 0, -2, 0, 0, 0], "<f4"),
          child=np.array([1, 0, 3, 0, 0, 0], "<u4"), first_vote=np.array([0, 1, 3, 4, 7], "<u4"),
          vote_label=np.array([0, 0, 2, 1, 0, 1, 2], "<u4"),
          vote_share=np.array([1, 0.25, 0.75, 1, 0.5, 0.25, 0.25], "<f4"),
          importance=np.array([0, 0.75, 0, 0.25], "<f4"))


for make in (features, pictures, keras_h5, safetensors, model):
    folder = corpus / make.__name__
    folder.mkdir(parents=True, exist_ok=True)
    make(folder)
    sizes = [p.stat().st_size for p in folder.iterdir()]
    print(f"{make.__name__}: {len(sizes)} files, {sum(sizes)} bytes")
