"""check_module.py MODULE_FOLDER README.md: the Python module against scikit-learn and against itself, and its examples."""
import contextlib
import io
import os
import re
import sys
import tempfile
import textwrap
import threading
import warnings

import numpy as np
from PIL import Image
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, sys.argv[1])
import vgg16  # noqa: E402

random = np.random.default_rng(3)


def fails(status, text, call):
    try:
        call()
    except vgg16.Error as error:
        assert error.status == status and text in str(error), (error.status, str(error))
        return
    raise AssertionError(f"no error: {text}")


# Probabilities of the same rows, as scikit-learn gives them.
for names in (["a", "b"], ["cats", "dogs", "panda"]):
    y = np.array(names)[np.arange(90) % len(names)]
    x = random.normal(size=(90, 20)).astype(np.float32)
    x[np.arange(90), np.arange(90) % len(names)] += 1
    model = vgg16.train(x, y, c=[0.5], test_size=0)
    assert list(model.classes_) == names and model.report["best_c"] == 0.5 and model.report["tested_rows"] == 90
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = LogisticRegression(C=0.5, solver="newton-cg", tol=1e-10, max_iter=10000).fit(x.astype(np.float64), y)
    p = theirs.predict_proba(x.astype(np.float64))
    difference = np.abs(model.predict_proba(x) - p).max()
    # A fit ends when its objective is at most 1e-6 above the optimum, relative. The objective is strongly convex (1/2
    # |w|^2), which bounds the distance of the coefficients; a probability changes by at most half of a score's change.
    objective = (theirs.coef_ ** 2).sum() / 2 - 0.5 * np.log(p[np.arange(90), np.arange(90) % len(names)]).sum()
    bound = np.sqrt(2e-6 * objective) * np.linalg.norm(x, axis=1).max() / 2
    print(f"{len(names)} classes: predict_proba differs from scikit-learn's by at most {difference:.1e}, of {bound:.1e}")
    assert difference < bound
    assert (model.predict(x) == theirs.predict(x.astype(np.float64))).all()

# Pictures of every kind.
engine = vgg16.Engine(layer="block1_pool", pool="avg", device="cpu", threads=1)
pixels = random.integers(0, 256, (120, 90, 3), np.uint8)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "photo.png")
    Image.fromarray(pixels).save(path)
    with open(path, "rb") as file:
        same = [path, file.read(), pixels]
    rows = engine.extract(same)
    grey = engine.extract([pixels[:, :, 0], np.repeat(pixels[:, :, :1], 3, axis=2)])
wide = np.zeros((120, 200, 4), np.uint8)
wide[:, :90, :3] = pixels
assert rows.shape == (3, 64) and rows.dtype == np.float32 and rows.max() > 0
for row in (rows[1], rows[2], *engine.extract([pixels[:, :, ::-1]], order="bgr"), *engine.extract([wide[:, :90]]),
            *engine.extract([wide[:, :90, [2, 1, 0, 3]]], order="bgr"),
            *engine.extract(pixels, layer="block1_pool", pool="avg")):
    assert (row == rows[0]).all()
assert (grey[0] == grey[1]).all()
assert engine.extract([]).shape == (0, 64)

# From rows to a model to an answer for a picture.
x = engine.extract([random.integers(0, 256, (8, 8, 3), np.uint8) // (1 + i % 2 * 3) for i in range(40)])
model = vgg16.train(x, np.array(["bright", "dark"])[np.arange(40) % 2], engine=engine)
with tempfile.TemporaryDirectory() as folder:
    model.save(os.path.join(folder, "light.model"))
    fails("exists", "light.model already exists", lambda: model.save(os.path.join(folder, "light.model")))
    loaded = vgg16.Model(os.path.join(folder, "light.model"))
answers = vgg16.Engine(model=loaded, device="cpu", threads=1)
assert (answers.predict_proba(pixels) == model.predict_proba(engine.extract(pixels))).all()
assert list(answers.predict([pixels // 4, pixels])) == ["dark", "bright"]

# A forest, which must find the same easy classes as scikit-learn's.
y = np.arange(300) % 3
x = random.normal(size=(300, 6)).astype(np.float32)
x[np.arange(300), y] += 2
forest = vgg16.train(x[:200], y[:200], "forest", trees=[60], min_leaf=[1, 3], test_size=0, seed=5)
theirs = RandomForestClassifier(60, min_samples_leaf=forest.report["best_min_leaf"], random_state=0).fit(x[:200], y[:200])
ours, theirs = ((model.predict(x[200:]).astype(int) == y[200:]).mean() for model in (forest, theirs))
print(f"forest: {ours:.2f} of the rows right, scikit-learn's {theirs:.2f}")
assert abs(ours - theirs) < 0.1 and forest.report["best_trees"] == 60 and forest.report["out_of_bag_accuracy"] > 0.6
assert (vgg16.train(x, y, "forest", trees=[9], seed=5).predict_proba(x)
        != vgg16.train(x, y, "forest", trees=[9], seed=6).predict_proba(x)).any()
fails("invalid argument", "a forest has none", lambda: vgg16.train(x, y, "forest", c=[1]))
fails("invalid argument", "only a forest", lambda: vgg16.train(x, y, trees=[9]))

# The examples of the README and of the module's own text.
with open(sys.argv[2], encoding="utf-8") as file:
    blocks = re.findall(r"^```python\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
(in_readme,) = (block for block in blocks if "import vgg16" in block)
in_module = textwrap.dedent(re.search(r"^\n(    .*?\n)\n\S", vgg16.__doc__[vgg16.__doc__.index("\n"):],
                                      re.MULTILINE | re.DOTALL)[1])
before = os.getcwd()
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    model.save("animals.model")
    paths = [f"{i}.png" for i in range(8)]
    for i, path in enumerate([*paths, "photo.jpg"]):
        Image.fromarray(pixels // (1 + i % 2 * 3)).save(path)
    names = {"frame": pixels // 4, "paths": paths[:2]}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(in_readme, names)
    assert printed.getvalue() == "['bright' 'dark']\n" and names["x"].shape == (2, 2048), printed.getvalue()
    names = {"frame": pixels // 4, "paths": paths, "labels": ["bright", "dark"] * 4}
    exec(in_module, names)
    assert (names["x"].shape == (8, 2048) and list(vgg16.Model("mine.model").classes_) == ["bright", "dark"])
    os.chdir(before)

# Errors.
fails("not found", "missing.model: no such file", lambda: vgg16.Model("missing.model"))
fails("refused", "picture 1: no such file", lambda: engine.extract([pixels, "missing.jpg"]))
fails("invalid argument", "without a model", lambda: engine.predict_proba(pixels))
fails("invalid argument", "block9_pool", lambda: vgg16.Engine(layer="block9_pool"))
for wrong in (pixels.astype(float), pixels[:, :, :2], pixels[:0]):
    try:
        engine.extract([wrong])
        raise AssertionError("no error")
    except ValueError:
        pass
timer = threading.Timer(0.1, engine.cancel)
timer.start()
fails("cancelled", "cancelled", lambda: engine.extract([pixels] * 3000))
engine.cancel(False)
assert (engine.extract(pixels) == rows[0]).all()
assert vgg16.layers()[-1] == "block5_pool" and len(vgg16.layers()) == 18
print("the module does what it says")
