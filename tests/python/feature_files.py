"""Features files seen and made by h5py: what feature_file_python_test.cpp asks for.

    feature_files.py check FILE ROWS COLUMNS f32|f16   everything that the format promises is there; exit status 0 or 1
    feature_files.py train FILE                        the old training script's steps on FILE
    feature_files.py peek FILE                         opens an unfinished file; prints the number of rows that are there
    feature_files.py peek_all FOLDER                   the same for every N.ROWS.h5, each with at least ROWS rows intact
    feature_files.py old FILE                          writes FILE as the old extractor did
    feature_files.py variants FOLDER                   good files of other layouts and types, all with the same content
    feature_files.py labels FOLDER                     labels in every form, and what numpy.unique makes of them
    feature_files.py hostile FOLDER                    files that must be refused
    feature_files.py npy FOLDER                        the same content as NumPy saves it, and labels as for `labels`
    feature_files.py npz FOLDER                        an .npz file, and what becomes of it as messages say
    feature_files.py elsewhere FILE                    features and labels in groups
    feature_files.py unusual FOLDER                    files of which messages say how to copy them
    feature_files.py copy FILE OUT                     copies one as they say
    feature_files.py shuffle SEED N                    the order of random.Random(SEED).shuffle
"""
import random
import struct
import sys
import zlib
from pathlib import Path

ROWS, COLUMNS = 12, 20
NAMES = ["cats", "dogs", "pând"]


def content():
    """Values that half precision holds exactly, labels of three classes."""
    import numpy as np

    x = (np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) % 61 - 7) / 4
    return x, np.arange(ROWS) * 7 % 3


def check(path, rows, columns, kind):
    import h5py
    import numpy as np

    with h5py.File(path, "r") as f:
        expected = {
            "features": ((rows, columns), np.dtype("<f2" if kind == "f16" else "<f4")),
            "labels": ((rows,), np.dtype("<i8")),
            "label_names": ((3,), None),
            "paths": ((rows,), None),
            "file_size": ((rows,), np.dtype("<i8")),
            "file_crc32": ((rows,), np.dtype("<u4")),
            "row_crc32": ((rows,), np.dtype("<u4")),
            "skipped": ((2, 2), None),
        }
        assert set(f) == set(expected), set(f)
        for name, (shape, dtype) in expected.items():
            d = f[name]
            assert d.shape == shape, (name, d.shape)
            assert d.chunks is None and d.compression is None and d.external is None, name
            if dtype is None:
                info = h5py.check_string_dtype(d.dtype)
                assert info and info.encoding == "utf-8" and info.length is None, name
            else:
                assert d.dtype == dtype, (name, d.dtype)
        attributes = {
            "format_version": 1,
            "layer": "block5_pool",
            "pool": "none",
            "preprocessing": "keras-nearest-224-bgr-mean",
            "weights_sha256": "a" * 64,
            "backend": "cpu",
            "precision": "f32",
            "instruction_set": "avx2",
            "seed": 42,
            "program_version": "0.1.0",
        }
        assert dict(f.attrs) == attributes, dict(f.attrs)
        assert list(f["label_names"].asstr()) == ["cats", "dogs", "pândâ"]
        assert f["skipped"].asstr()[:].tolist() == [["cats/empty.jpg", "empty file"],
                                                    ["dogs/moving.gif", "GIF is not supported"]]
        x, y = f["features"][:], f["labels"][:]
        for i in range(rows):
            label = (i * 7 + 1) % 3
            assert y[i] == label
            assert f["paths"].asstr()[i] == f"{f['label_names'].asstr()[label]}/{i}.jpg"
            assert f["file_size"][i] == 1000 + i
            assert f["file_crc32"][i] == i * 2654435761 % 2**32
            crc = zlib.crc32(struct.pack("<Qq", i, label) + x[i].tobytes()) or 1
            assert f["row_crc32"][i] == crc, i
    raw = Path(path).read_bytes()
    assert raw[8] == 0, "superblock of version 0, HDF5's earliest"
    assert x.tobytes() in raw, "contiguous"


def train(path):
    """The lines of the old training script that touch the file, on fewer values of C."""
    import h5py
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score
    from sklearn.model_selection import GridSearchCV

    db = h5py.File(path, "r")
    i = int(db["labels"].shape[0] * 0.75)
    model = GridSearchCV(LogisticRegression(max_iter=1000), {"C": [0.1, 1.0]}, cv=3)
    model.fit(db["features"][:i], db["labels"][:i])
    preds = model.predict(db["features"][i:])
    assert preds.shape == (db["labels"].shape[0] - i,)
    accuracy_score(db["labels"][i:], preds)
    names = [n.decode() for n in db["label_names"]]
    assert names == ["cats", "dogs", "pândâ"], names
    db.close()


def peek(path):
    import h5py

    with h5py.File(path, "r") as f:
        there = f["row_crc32"][:] != 0
        assert len(f["features"][:]) == len(there) == len(f["paths"].asstr()[:])
        print(int(there.sum()))


def peek_all(folder):
    import h5py

    files = sorted(Path(folder).iterdir())
    for path in files:
        told = int(path.name.split(".")[1])
        with h5py.File(path, "r") as f:
            x, y, crc = f["features"][:], f["labels"][:], f["row_crc32"][:]
            assert len(f["paths"].asstr()[:]) == len(f["file_size"][:]) == len(x)
            intact = sum(int(crc[i]) == (zlib.crc32(struct.pack("<Qq", i, y[i]) + x[i].tobytes()) or 1)
                         for i in range(len(x)))
        assert intact == (crc != 0).sum() >= told, (path.name, intact, told)
    print(f"  h5py opened {len(files)} files of killed runs; every marked row is intact")


def old(path):
    """As the original's HDF5DatasetWriter: pre-sized, float64, written in buffers, no attributes."""
    import h5py

    x, y = content()
    with h5py.File(path, "w") as db:
        data = db.create_dataset("features", (ROWS, COLUMNS), dtype="float")
        labels = db.create_dataset("labels", (ROWS,), dtype="int")
        names = db.create_dataset("label_names", (len(NAMES),), dtype=h5py.special_dtype(vlen=str))
        names[:] = NAMES
        for start in range(0, ROWS, 5):
            data[start:start + 5] = x[start:start + 5]
            labels[start:start + 5] = y[start:start + 5]


def base(path, features=None, labels=None, names=None, libver="earliest", userblock_size=None, **keywords):
    import h5py

    x, y = content()
    with h5py.File(path, "w", libver=libver, userblock_size=userblock_size) as f:
        if features is not False:
            f.create_dataset("features", data=x if features is None else features, **keywords)
        if labels is not False:
            f["labels"] = y if labels is None else labels
        if names is not False:
            f["label_names"] = NAMES if names is None else names


def variants(folder):
    import h5py
    import numpy as np

    folder = Path(folder)
    x, y = content()
    for kind in "<f2 >f2 <f4 >f4 <f8 >f8".split():
        base(folder / f"contiguous-{kind[1:]}{'be' if kind[0] == '>' else 'le'}.h5", x.astype(kind))
        base(folder / f"chunked-{kind[1:]}{'be' if kind[0] == '>' else 'le'}.h5", x.astype(kind), chunks=(5, 7))
    base(folder / "packed.h5", chunks=(4, 20), compression="gzip", shuffle=True, fletcher32=True)
    base(folder / "growing.h5", maxshape=(None, COLUMNS), chunks=True)
    base(folder / "latest.h5", libver="latest")
    base(folder / "latest-packed.h5", libver="latest", chunks=(5, 7), compression="gzip", shuffle=True, fletcher32=True)
    base(folder / "latest-chunked.h5", libver="latest", chunks=(5, 7))
    base(folder / "latest-one-chunk.h5", libver="latest", chunks=(ROWS, COLUMNS))
    base(folder / "latest-one-packed-chunk.h5", libver="latest", chunks=(ROWS, COLUMNS), compression="gzip")
    # Room for 4,000 chunks, whose list has pages.
    base(folder / "latest-pages.h5", libver="latest", chunks=(1, 1), maxshape=(200, COLUMNS))
    base(folder / "latest-packed-pages.h5", libver="latest", chunks=(1, 1), maxshape=(200, COLUMNS), compression="gzip")
    for size in (512, 4096):
        for libver in ("earliest", "latest"):
            base(folder / f"user-block-{size}-{libver}.h5", libver=libver, userblock_size=size, chunks=(5, 7))
    base(folder / "user-block-contiguous.h5", userblock_size=1024)
    base(folder / "user-block-before.h5", chunks=(5, 7), compression="gzip")  # a block that HDF5 does not know of
    before = folder / "user-block-before.h5"
    before.write_bytes(bytes(2048) + before.read_bytes())
    for kind in "|i1 |u1 <i2 >i4 <u8".split():
        base(folder / f"labels-{kind[1:]}{'be' if kind[0] == '>' else ''}.h5", labels=y.astype(kind))
    base(folder / "fixed-names.h5", names=np.array([n.encode() for n in NAMES]))
    base(folder / "ascii-names.h5", names=np.array(["cats", "dogs", "panda"], dtype=h5py.string_dtype("ascii")))
    base(folder / "gap.h5", labels=y * 2, names=["cats", "none", "dogs", "none either", "pând"])
    with h5py.File(folder / "compact.h5", "w") as f:
        f["labels"], f["label_names"] = y, NAMES
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple(x.shape)
        h5py.h5d.create(f.id, b"features", h5py.h5t.IEEE_F64LE, space, plist).write(space, space, x)
    base(folder / "many-attributes.h5", libver="latest")
    with h5py.File(folder / "many-attributes.h5", "a", libver="latest") as f:
        for i in range(20):
            f.attrs[f"note {i}"] = i
    with h5py.File(folder / "more.h5", "w") as f:
        f["features"], f["labels"], f["label_names"] = x, y, NAMES
        f["other"] = h5py.ExternalLink("/etc/passwd", "/x")
        f.create_group("group")["deep"] = 1
        f.attrs["note"] = "unknown attributes are nobody's business"
        f.attrs["nothing"] = h5py.Empty("f")


def labels(folder):
    """NAME.h5, and NAME.txt with the number of classes, their names and the name of each row's class."""
    import h5py
    import numpy as np

    folder = Path(folder)
    _, y = content()
    animals = np.array(NAMES)[y]

    def write(name, stored, values, names=False, classes=None, **keywords):
        base(folder / f"{name}.h5", labels=stored, names=names, **keywords)
        found = np.unique(values) if classes is None else classes
        lines = [len(found), *found, *values]
        (folder / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    for kind in "|i1 <i2 >i4 <i8".split():
        write(f"negative-{kind[1:]}", (y * 7 - 5).astype(kind), y * 7 - 5)
    for kind in "|u1 <u2 >u4 <u8".split():
        write(f"unsigned-{kind[1:]}", (y * 5 + 8).astype(kind), y * 5 + 8)
    for kind in "<f2 >f2 <f4 >f4 <f8 >f8".split():
        write(f"float-{kind[1:]}-{'be' if kind[0] == '>' else 'le'}", (y * 5 - 2).astype(kind), y * 5 - 2)
    write("float-beyond-float32", (y + 2.0**24).astype("<f8"), y + 2**24)
    write("bool", y == 1, y == 1)
    write("bool-latest", y == 1, y == 1, libver="latest")
    write("enumeration", np.array(y, h5py.enum_dtype({"RED": 0, "GREEN": 1, "BLUE": 2}, "<i4")), y)
    write("column", y.reshape(-1, 1), y)
    write("text", animals.tolist(), animals)
    write("text-column", animals.astype(object).reshape(-1, 1), animals)
    write("bytes", np.char.encode(animals, "utf-8"), animals)
    write("digits", (y * 9 + 1).astype(str).tolist(), (y * 9 + 1).astype(str))
    with_names = {"values": animals, "names": NAMES, "classes": NAMES}
    write("named", y, **with_names)
    write("named-float", y.astype(float), **with_names)
    write("named-column", y.reshape(-1, 1).astype("<f4"), **with_names)
    write("text-beside-names", animals[::-1].tolist(), animals[::-1], names=["other", "names"])
    write("compressed", y, animals)
    with h5py.File(folder / "compressed.h5", "a") as f:
        del f["labels"]
        f.create_dataset("labels", data=np.char.encode(animals, "utf-8"), chunks=(5,), compression="gzip")


def elsewhere(path):
    """Features, labels and other things under other names, in groups."""
    import h5py

    x, y = content()
    with h5py.File(path, "w") as f:
        f["train/embeddings"], f["train/deep/y"] = x, y
        f["train/soft"] = h5py.SoftLink("/train/embeddings")
        f["label_names"] = NAMES
        f["unlabelled"] = x[:2]


def npy(folder):
    """x-NAME.npy with features; y-NAME.npy, y-NAME.txt or y-NAME.csv with labels, and for each NAME.expected."""
    import numpy as np

    folder = Path(folder)
    x, y = content()
    animals = np.array(NAMES)[y]
    for kind in "<f2 >f2 <f4 >f4 <f8 >f8".split():
        name = f"{kind[1:]}{'be' if kind[0] == '>' else 'le'}"
        np.save(folder / f"x-{name}.npy", x.astype(kind))
        np.save(folder / f"x-{name}-fortran.npy", np.asfortranarray(x.astype(kind)))
    for version in ((1, 0), (2, 0), (3, 0)):
        with open(folder / f"x-version-{version[0]}.npy", "wb") as f:
            np.lib.format.write_array(f, x, version)
    memory = np.lib.format.open_memmap(folder / "x-memmap.npy", "w+", "<f4", x.shape)
    memory[:] = x
    memory.flush()

    def write(name, values, save=np.save, **keywords):
        save(folder / f"y-{name}", values, **keywords)
        found = np.unique(values)
        lines = [len(found), *found, *np.ravel(values)]
        (folder / f"y-{name}.expected").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    for kind in "|i1 <i2 >i4 <i8".split():
        write(f"{kind[1:]}.npy", (y * 7 - 5).astype(kind))
    for kind in "|u1 <u2 >u4 <u8".split():
        write(f"{kind[1:]}.npy", (y * 5 + 8).astype(kind))
    write("bool.npy", y == 1)
    write("column.npy", y.reshape(-1, 1))
    write("fortran-column.npy", np.asfortranarray(y.reshape(-1, 1)))
    write("text.npy", animals)
    write("text-be.npy", animals.astype(">U7"))
    write("digits.npy", (y * 9 + 1).astype(str))
    write("integers.txt", y * 9 + 1, np.savetxt, fmt="%d")
    write("text.txt", animals, np.savetxt, fmt="%s", encoding="utf-8")
    write("text.csv", animals, np.savetxt, fmt="%s", encoding="utf-8", header="Label", comments="")
    write("crlf.csv", animals, np.savetxt, fmt="%s", encoding="utf-8", newline="\r\n")
    # As numpy.savetxt writes them without a format, and numpy.save floating point: the names are those of integers.
    for name, save in (("float.txt", np.savetxt), ("float.npy", np.save)):
        write(name, y)
        save(folder / f"y-{name}", y.astype(float))
        (folder / f"y-{name}.npy").unlink(missing_ok=True)


def npz(folder):
    import os

    import numpy as np

    os.chdir(folder)
    x, _ = content()
    np.savez("IN.npz", x=x)


def too_large(path):
    x, _ = content()
    x = x.astype("<f8")
    x[1, 2], x[2, 2] = 1e300, float("inf")
    base(path, x)


def hostile(folder):
    import h5py
    import numpy as np

    folder = Path(folder)
    x, y = content()
    victim = folder / "victim.h5"
    base(victim)

    def linked(name, link, what="features"):
        base(folder / f"{name}.h5", features=False if what == "features" else None,
             labels=False if what == "labels" else None, names=False if what == "label_names" else None)
        with h5py.File(folder / f"{name}.h5", "a") as f:
            f[what] = link

    for what in ("features", "labels", "label_names"):
        linked(f"external-link-{what}", h5py.ExternalLink("victim.h5", f"/{what}"), what)
        linked(f"soft-link-{what}", h5py.SoftLink("/elsewhere"), what)
    with h5py.File(folder / "soft-link-inside.h5", "w") as f:
        f["real"], f["labels"], f["label_names"] = x, y, NAMES
        f["features"] = h5py.SoftLink("/real")
    base(folder / "external-storage.h5", features=False)
    with h5py.File(folder / "external-storage.h5", "a") as f:
        f.create_dataset("features", (ROWS, COLUMNS), "<f4", external=[("/etc/passwd", 0, ROWS * COLUMNS * 4)])
    base(folder / "external-labels.h5", labels=False)
    with h5py.File(folder / "external-labels.h5", "a") as f:
        f.create_dataset("labels", (ROWS,), "<i8", external=[("/etc/passwd", 0, ROWS * 8)])
    base(folder / "virtual.h5", features=False)
    with h5py.File(folder / "virtual.h5", "a", libver="latest") as f:
        layout = h5py.VirtualLayout((ROWS, COLUMNS), "<f8")
        layout[:] = h5py.VirtualSource(str(victim), "features", (ROWS, COLUMNS))
        f.create_virtual_dataset("features", layout)
    base(folder / "virtual-unlimited.h5", features=False)
    with h5py.File(folder / "virtual-unlimited.h5", "a", libver="latest") as f:
        layout = h5py.VirtualLayout((ROWS, COLUMNS), "<f8", maxshape=(None, COLUMNS))
        source = h5py.VirtualSource(str(victim), "features", (ROWS, COLUMNS), maxshape=(None, COLUMNS))
        layout[h5py.h5s.UNLIMITED_INDEX if hasattr(h5py.h5s, "UNLIMITED_INDEX") else slice(None)] = source
        f.create_virtual_dataset("features", layout)

    def shaped(name, shape, dtype="<f4", **keywords):
        base(folder / f"{name}.h5", features=False)
        with h5py.File(folder / f"{name}.h5", "a") as f:
            f.create_dataset("features", shape, dtype, **keywords)

    shaped("huge", (1 << 40, 1 << 20))
    shaped("huge-rows-chunked", (1 << 40, 20), chunks=(1, 20))
    shaped("bomb", (200_000, 512), chunks=(2000, 512), compression="gzip", compression_opts=9, fillvalue=None)
    with h5py.File(folder / "bomb.h5", "a") as f:
        for start in range(0, 200_000, 2000):
            f["features"][start:start + 2000] = 0
    shaped("huge-chunk", (1 << 20, 1 << 10), chunks=(1 << 17, 1 << 10))
    base(folder / "many-names.h5", names=False)
    with h5py.File(folder / "many-names.h5", "a") as f:
        f.create_dataset("label_names", data=np.zeros(30_000_000, "S1"), chunks=(30_000_000,), compression="gzip")
    shaped("never-written", (ROWS, COLUMNS))
    shaped("lzf", (ROWS, COLUMNS), chunks=(4, 20), compression="lzf")
    base(folder / "scaleoffset.h5", features=x.astype("<f4"), chunks=(4, 20), scaleoffset=3)
    shaped("no-rows", (0, COLUMNS))
    shaped("no-columns", (ROWS, 0))
    base(folder / "one-dimension.h5", np.arange(12.0))
    base(folder / "four-dimensions.h5", x.reshape(ROWS, 2, 2, 5))
    base(folder / "scalar.h5", 1.0)
    base(folder / "empty.h5", h5py.Empty("f"))
    for kind in ("<i4", "<c8", "S4"):
        base(folder / f"features-{kind.strip('<')}.h5", x.astype(kind))
    base(folder / "features-compound.h5", np.zeros((ROWS, COLUMNS), np.dtype([("a", "<f4")])))
    base(folder / "fractional-labels.h5", labels=y + 0.5)
    base(folder / "nan-labels.h5", labels=np.where(y == 1, np.nan, y))
    base(folder / "infinite-labels.h5", labels=np.where(y == 1, np.inf, y))
    base(folder / "one-hot-labels.h5", labels=np.eye(3)[y])
    base(folder / "compound-labels.h5", labels=np.zeros(ROWS, np.dtype([("a", "<i4")])))
    base(folder / "large-labels-without-names.h5", labels=y.astype("<u8") + np.uint64(2**63), names=False)
    base(folder / "empty-text-label.h5", labels=[NAMES[i] if i else "" for i in y])
    base(folder / "long-text-label.h5", labels=[NAMES[i] * 3000 for i in y])
    base(folder / "short-labels.h5", labels=y[:-1])
    base(folder / "flat-labels.h5", labels=y.reshape(3, 4))
    base(folder / "negative-label.h5", labels=y - 1)
    base(folder / "label-too-large.h5", labels=y + 1)
    base(folder / "label-beyond-int64.h5", labels=y.astype("<u8") + np.uint64(2**63))
    base(folder / "no-labels.h5", labels=False)
    base(folder / "no-features.h5", features=False)
    base(folder / "equal-names.h5", names=["cats", "dogs", "cats"])
    base(folder / "number-names.h5", names=np.arange(3))
    base(folder / "long-name.h5", names=["a", "b", "c" * 9000])
    base(folder / "long-fixed-name.h5", names=np.array([b"a" * 9000, b"b", b"c"]))
    with h5py.File(folder / "group.h5", "w") as f:
        f.create_group("features")
        f["labels"], f["label_names"] = y, NAMES
    with h5py.File(folder / "named-type.h5", "w") as f:
        f["features"] = np.dtype("<f4")
        f["labels"], f["label_names"] = y, NAMES
    base(folder / "matlab.h5", userblock_size=512)
    with open(folder / "matlab.h5", "r+b") as f:
        f.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64")
    base(folder / "latest-growing.h5", libver="latest", chunks=(5, 7), compression="gzip", maxshape=(None, COLUMNS))
    for name, value in (("version-2", 2), ("version-0", 0), ("version-text", "1"), ("version-list", [1, 1])):
        base(folder / f"{name}.h5")
        with h5py.File(folder / f"{name}.h5", "a") as f:
            f.attrs["format_version"] = value
    base(folder / "own-attributes-elsewhere.h5", libver="latest")
    with h5py.File(folder / "own-attributes-elsewhere.h5", "a", libver="latest") as f:
        f["row_crc32"] = np.zeros(ROWS, "<u4")
        for name in ["format_version"] + [f"note {i}" for i in range(20)]:
            f.attrs[name] = 1
    base(folder / "version-1-only.h5")
    with h5py.File(folder / "version-1-only.h5", "a") as f:
        f.attrs["format_version"] = 1
    # Many references to one long string: the text would be far longer than the file.
    names = ["n" * 8000] + [""] * 19_999
    base(folder / "repeated-name.h5", names=names)
    raw = bytearray((folder / "repeated-name.h5").read_bytes())
    with h5py.File(folder / "repeated-name.h5", "r") as f:
        start = f["label_names"].id.get_offset()
    for i in range(1, 20_000):
        raw[start + 16 * i:start + 16 * i + 16] = raw[start:start + 16]
    (folder / "repeated-name.h5").write_bytes(raw)
    victim.unlink()


def copy(source, target):
    """What messages advise for files that h5py can read and the program cannot."""
    import h5py

    out = h5py.File(target, "w")
    h5py.File(source).visititems(lambda k, v: out.__setitem__(k, v[()]) if isinstance(v, h5py.Dataset) else None)


def unusual(folder):
    """Files that h5py can read and the program cannot."""
    x, _ = content()
    folder = Path(folder)
    base(folder / "lzf.h5", chunks=(4, 20), compression="lzf")
    base(folder / "scaleoffset.h5", x.astype("<f4"), chunks=(4, 20), scaleoffset=3)
    base(folder / "growing.h5", libver="latest", chunks=(5, 7), compression="gzip", maxshape=(None, COLUMNS))
    base(folder / "growing-both.h5", libver="latest", chunks=(5, 7), compression="gzip", maxshape=(None, None))


def shuffle(seed, n):
    order = list(range(int(n)))
    random.Random(int(seed)).shuffle(order)
    print(*order)


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "check":
        check(arguments[0], int(arguments[1]), int(arguments[2]), arguments[3])
    else:
        globals()[command](*arguments)
