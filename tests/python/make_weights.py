"""Writes weights files in Keras' layouts, good and hostile, into the folder given.  Needs h5py and numpy."""
import sys

import h5py
import numpy as np

folder = sys.argv[1]
CHANNELS = (3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
LAYERS = [f"block{block}_conv{i}" for block, count in enumerate((2, 2, 3, 3, 3), 1) for i in range(1, count + 1)]
shapes = {layer: (3, 3, CHANNELS[i], CHANNELS[i + 1]) for i, layer in enumerate(LAYERS)}
kernels = {layer: np.full(shape, 0.01, np.float32) for layer, shape in shapes.items()}
biases = {layer: np.zeros(shape[3], np.float32) for layer, shape in shapes.items()}


def write(name, change=None, paths=("{0}/{0}_W_1:0", "{0}/{0}_b_1:0"), prefix=""):
    with h5py.File(f"{folder}/{name}.h5", "w", libver="earliest") as f:
        for layer in LAYERS:
            f[prefix + paths[0].format(layer)] = kernels[layer]
            f[prefix + paths[1].format(layer)] = biases[layer]
        if change:
            change(f)


FIRST = "block1_conv1/block1_conv1_W_1:0"


def replace(**how):
    def change(f):
        del f[FIRST]
        f.create_dataset(FIRST, **how)
    return change


def link(target):
    def change(f):
        del f[FIRST]
        f[FIRST] = target
    return change


def virtual(f):
    del f[FIRST]
    layout = h5py.VirtualLayout(shape=(3, 3, 3, 64), dtype="f4")
    layout[:] = h5py.VirtualSource(f"{folder}/keras1.h5", FIRST, shape=(3, 3, 3, 64))
    f.create_virtual_dataset(FIRST, layout)


def missing(f):
    del f["block3_conv2"]


def not_finite(f):
    f["block5_conv3/block5_conv3_W_1:0"][1, 1, 0, :12] = np.nan


def compressed(f):
    name = "block5_conv3/block5_conv3_W_1:0"
    del f[name]
    f.create_dataset(name, data=np.zeros(shapes["block5_conv3"], np.float32), compression=9, chunks=(3, 3, 512, 512))


def three(f):
    f["block1_conv1/gamma:0"] = np.zeros(64, np.float32)


write("keras1")
write("keras2", paths=("{0}/{0}/kernel:0", "{0}/{0}/bias:0"))
write("whole_model", prefix="model_weights/", paths=("{0}/{0}/kernel:0", "{0}/{0}/bias:0"))
write("external_link", link(h5py.ExternalLink("keras1.h5", FIRST)))
write("soft_link", link(h5py.SoftLink("/block1_conv2/block1_conv2_W_1:0")))
write("external_storage", replace(shape=(3, 3, 3, 64), dtype="f4", external=[(f"{folder}/keras1.h5", 0, 6912)]))
write("virtual", virtual)
write("huge", replace(shape=(1 << 20, 1 << 10, 3, 64), dtype="f4", chunks=(64, 64, 3, 64)))
write("transposed", replace(data=np.zeros((64, 3, 3, 3), np.float32)))
write("float64", replace(data=np.zeros((3, 3, 3, 64), np.float64)))
write("integers", replace(data=np.zeros((3, 3, 3, 64), np.int32)))
write("missing", missing)
write("not_finite", not_finite)
write("compressed", compressed)
write("three_arrays", three)
