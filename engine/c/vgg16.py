"""VGG16 features of pictures, and classifiers trained on them: the C interface (vgg16.h) with NumPy arrays.

    import vgg16
    engine = vgg16.Engine(model=vgg16.Model("animals.model"))
    engine.predict_proba(["photo.jpg", frame])      # (2, classes); frame: uint8 (height, width, 3), RGB

    features = vgg16.Engine(layer="block5_pool", pool="2x2")
    x = features.extract(paths)                     # (n, 2048) float32
    model = vgg16.train(x, labels, engine=features)
    model.save("mine.model")

A picture is a path (str or os.PathLike), the bytes of a JPEG or PNG file, or a uint8 array (height, width), (height,
width, 3) or (height, width, 4), in RGB order unless `order="bgr"`. An engine serves one thread at a time; calls release
the GIL, and any thread may cancel() them. Failures raise vgg16.Error.
"""

import ctypes
import os
from ctypes import POINTER, byref, c_char_p, c_double, c_float, c_int, c_int64, c_size_t, c_uint64, c_void_p
from pathlib import Path

import numpy as np

__all__ = ["Engine", "Error", "Model", "Weights", "layers", "train"]

_VERSION = (0, 1)
_STATUSES = ("ok", "invalid argument", "wrong size", "not found", "exists", "io", "memory", "device", "refused",
             "cancelled", "internal")


class Error(RuntimeError):
    """What went wrong, in one line; `status` is one of the names of vgg16.h in lower case, such as "not found"."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = _STATUSES[status]


class _Picture(ctypes.Structure):
    _fields_ = [("format", c_int), ("data", c_void_p), ("size", c_size_t), ("height", c_int), ("width", c_int),
                ("stride", c_int64)]


class _EngineOptions(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("layer", c_char_p), ("pool", c_char_p), ("device", c_char_p),
                ("precision", c_char_p), ("threads", c_int), ("batch_size", c_int)]


class _TrainOptions(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("classifier", c_char_p), ("c", POINTER(c_double)), ("c_count", c_size_t),
                ("class_weight", c_char_p), ("test_size", c_double), ("folds", c_int), ("threads", c_int),
                ("rows_of", c_void_p), ("trees", POINTER(c_int)), ("trees_count", c_size_t),
                ("min_leaf", POINTER(c_int)), ("min_leaf_count", c_size_t), ("seed", c_uint64)]


class _TrainReport(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("best_c", c_double), ("tested_rows", c_size_t), ("accuracy", c_double),
                ("accuracy_low", c_double), ("accuracy_high", c_double), ("log_loss", c_double),
                ("best_trees", c_int), ("best_min_leaf", c_int), ("out_of_bag_accuracy", c_double)]


def _load():
    here = Path(__file__).resolve().parent  # share/vgg16 of the folder that vgg16 was installed into
    name = f"libvgg16.so.{_VERSION[0]}.{_VERSION[1]}"
    for folder in (here, *sorted(here.parent.parent.glob("lib*")), *sorted(here.parent.parent.glob("lib/*-linux-gnu"))):
        if (folder / name).exists():
            return ctypes.CDLL(str(folder / name))
    return ctypes.CDLL(name)


def _declare(library, name, result, *arguments):
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function


_library = _load()
_last_error = _declare(_library, "vgg16_last_error", c_char_p)
_layers = _declare(_library, "vgg16_layers", c_size_t)
_layer_name = _declare(_library, "vgg16_layer_name", c_char_p, c_size_t)
_weights_load = _declare(_library, "vgg16_weights_load", c_int, c_char_p, POINTER(c_void_p))
_weights_free = _declare(_library, "vgg16_weights_free", None, c_void_p)
_model_load = _declare(_library, "vgg16_model_load", c_int, c_char_p, POINTER(c_void_p))
_model_save = _declare(_library, "vgg16_model_save", c_int, c_void_p, c_char_p, c_int)
_model_free = _declare(_library, "vgg16_model_free", None, c_void_p)
_model_classes = _declare(_library, "vgg16_model_classes", c_size_t, c_void_p)
_model_class = _declare(_library, "vgg16_model_class", c_char_p, c_void_p, c_size_t)
_model_columns = _declare(_library, "vgg16_model_columns", c_size_t, c_void_p)
_model_predict = _declare(_library, "vgg16_model_predict", c_int, c_void_p, c_void_p, c_size_t, c_size_t, c_void_p,
                          c_size_t)
_engine_create = _declare(_library, "vgg16_engine_create", c_int, c_void_p, c_void_p, POINTER(_EngineOptions),
                          POINTER(c_void_p))
_engine_free = _declare(_library, "vgg16_engine_free", None, c_void_p)
_engine_columns = _declare(_library, "vgg16_engine_columns", c_size_t, c_void_p)
_engine_cancel = _declare(_library, "vgg16_engine_cancel", None, c_void_p, c_int)
_extract = _declare(_library, "vgg16_extract", c_int, c_void_p, POINTER(_Picture), c_size_t, c_char_p, c_char_p,
                    c_void_p, c_size_t)
_layer_columns = _declare(_library, "vgg16_layer_columns", c_int, c_char_p, c_char_p, POINTER(c_size_t))
_classify = _declare(_library, "vgg16_classify", c_int, c_void_p, POINTER(_Picture), c_size_t, c_void_p, c_size_t,
                     c_void_p)
_train = _declare(_library, "vgg16_train", c_int, c_void_p, c_size_t, c_size_t, c_void_p, POINTER(c_char_p), c_size_t,
                  POINTER(_TrainOptions), POINTER(_TrainReport), POINTER(c_void_p))


def _check(status):
    if status != 0:
        raise Error(status, _last_error().decode())


_check(_declare(_library, "vgg16_check_version", c_int, c_int, c_int)(*_VERSION))


class _Handle:
    """Owns a pointer of the library's and frees it."""

    _as_parameter_ = None

    def __init__(self, free, create, *arguments):
        self._free = free
        made = c_void_p()
        _check(create(*arguments, byref(made)))
        self._as_parameter_ = made

    def __del__(self):
        if self._as_parameter_ is not None:
            self._free(self._as_parameter_)


def layers():
    """The names of the layers, in the network's order."""
    return [_layer_name(i).decode() for i in range(_layers())]


class Weights(_Handle):
    """Weights of the network, by default those that were installed with this module."""

    def __init__(self, path=None):
        if path is None:
            path = Path(__file__).resolve().parent / "vgg16-f16.safetensors"
        super().__init__(_weights_free, _weights_load, os.fsencode(path))


class Model(_Handle):
    """A trained classifier."""

    def __init__(self, path):
        self._set(_model_load, os.fsencode(path))

    def _set(self, create, *arguments):
        super().__init__(_model_free, create, *arguments)
        self.classes_ = np.array([_model_class(self, i).decode() for i in range(_model_classes(self))])
        self.columns = _model_columns(self)
        return self

    def save(self, path, overwrite=False):
        _check(_model_save(self, os.fsencode(path), overwrite))

    def predict_proba(self, x):
        """Probabilities (n, classes) of rows (n, columns)."""
        x = _rows(x)
        p = np.empty((len(x), len(self.classes_)))
        _check(_model_predict(self, x.ctypes.data, len(x), x.shape[1], p.ctypes.data, p.size))
        return p

    def predict(self, x):
        """The most probable class of each row."""
        return self.classes_[self.predict_proba(x).argmax(axis=1)]


class Engine(_Handle):
    """The network on a device; with a model also an answer for each picture. threads=1 means the caller's alone, 0 one
    per processor."""

    def __init__(self, weights=None, model=None, layer="block5_pool", pool="none", device="auto", precision="f32",
                 threads=0, batch_size=32):
        options = _EngineOptions(ctypes.sizeof(_EngineOptions), layer.encode(), pool.encode(), device.encode(),
                                 precision.encode(), threads, batch_size)
        self.model = model
        super().__init__(_engine_free, _engine_create, weights or Weights(), model, byref(options))
        self.columns = _engine_columns(self)

    def extract(self, pictures, layer=None, pool="none", order="rgb"):
        """Features (n, columns), float32; of another layer than the engine's, if it is named."""
        pictures, kept = _pictures(pictures, order)
        columns = c_size_t(self.columns)
        if layer is not None:
            layer, pool = layer.encode(), pool.encode()
            _check(_layer_columns(layer, pool, byref(columns)))
        rows = np.empty((len(pictures), columns.value), np.float32)
        _check(_extract(self, pictures, len(pictures), layer, pool if layer else None, rows.ctypes.data, rows.size))
        return rows

    def predict_proba(self, pictures, order="rgb"):
        """Probabilities (n, classes) of the model's classes."""
        pictures, kept = _pictures(pictures, order)
        p = np.empty((len(pictures), len(self.model.classes_) if self.model else 0))
        _check(_classify(self, pictures, len(pictures), p.ctypes.data, p.size, None))
        return p

    def predict(self, pictures, order="rgb"):
        """The most probable class of each picture."""
        return self.model.classes_[self.predict_proba(pictures, order).argmax(axis=1)]

    def cancel(self, on=True):
        """While it is on, calls raise Error, also one in progress in another thread."""
        _engine_cancel(self, on)


def train(x, y, classifier="logistic", c=None, class_weight="none", test_size=0.25, folds=3, threads=0, engine=None,
          trees=None, min_leaf=None, seed=42):
    """A Model of rows (n, columns) and their labels; the last rows are held out and tested on, which `model.report` is
    about. `c` lists the values to try for "logistic" and "svm", `trees` and `min_leaf` those for "forest". Give the engine
    that computed the rows, by its own layer and pool, so that the model records them."""
    x = _rows(x)
    names, labels = np.unique(np.asarray(y), return_inverse=True)
    labels = np.ascontiguousarray(labels, np.int64)
    if len(labels) != len(x):
        raise ValueError(f"{len(x)} rows and {len(labels)} labels")
    texts = (c_char_p * len(names))(*(str(name).encode() for name in names))
    options = _TrainOptions(ctypes.sizeof(_TrainOptions), classifier.encode(), *_numbers(c_double, c),
                            class_weight.encode(), test_size, folds, threads,
                            None if engine is None else engine._as_parameter_, *_numbers(c_int, trees),
                            *_numbers(c_int, min_leaf), seed)
    report = _TrainReport(ctypes.sizeof(_TrainReport))
    model = Model.__new__(Model)._set(_train, x.ctypes.data, len(x), x.shape[1], labels.ctypes.data, texts, len(names),
                                      byref(options), byref(report))
    model.report = {name: getattr(report, name) for name, _ in _TrainReport._fields_[1:]}
    return model


def _numbers(kind, values):
    """An array of C's and its length."""
    return (None, 0) if values is None else ((kind * len(values))(*values), len(values))


def _rows(x):
    x = np.ascontiguousarray(x, np.float32)
    if x.ndim != 2:
        raise ValueError(f"rows of shape {x.shape}, expected (n, columns)")
    return x


def _pictures(pictures, order):
    """An array of vgg16_picture, and the objects whose memory they point into."""
    if isinstance(pictures, (str, bytes, os.PathLike)) or getattr(pictures, "ndim", 0) in (2, 3):
        pictures = [pictures]
    array, kept = (_Picture * len(pictures))(), []
    for picture, given in zip(array, pictures):
        if isinstance(given, bytes):
            picture.format, picture.size = 0, len(given)
        elif isinstance(given, (str, os.PathLike)):
            given = os.fsencode(given)
            picture.format, picture.size = 1, len(given)
        else:
            given = _pixels(given)
            channels = given.shape[2] if given.ndim == 3 else 1
            picture.format = 6 if channels == 1 else {"rgb": 2, "bgr": 3}[order] + (2 if channels == 4 else 0)
            picture.height, picture.width = given.shape[:2]
            picture.stride = given.strides[0]
            picture.size = (given.shape[0] - 1) * given.strides[0] + given.shape[1] * channels
        kept.append(given)
        picture.data = given.ctypes.data if isinstance(given, np.ndarray) else ctypes.cast(given, c_void_p)
    return array, kept


def _pixels(given):
    """`given` if its rows are pixel by pixel in memory, which gaps between rows do not change; otherwise a copy."""
    given = np.asarray(given)
    if given.dtype != np.uint8 or given.ndim not in (2, 3) or (given.ndim == 3 and given.shape[2] not in (3, 4)):
        raise ValueError(f"pixels of type {given.dtype} and shape {given.shape}, expected uint8 (height, width), "
                         "(height, width, 3) or (height, width, 4)")
    if given.size == 0:
        raise ValueError(f"pixels of shape {given.shape}")
    pixel = (given.shape[2], 1) if given.ndim == 3 else (1,)
    return given if given.strides[1:] == pixel and given.strides[0] >= given.shape[1] * pixel[0] else given.copy()
