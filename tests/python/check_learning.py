"""Compares what the learn room computed with scikit-learn: check_learning.py FOLDER, with FOLDER/case.json naming the check.

Exit status 0 and no output where everything agrees. Needs numpy, scikit-learn and safetensors.
"""
import inspect
import json
import pathlib
import sys
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, classification_report, f1_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.utils.class_weight import compute_sample_weight

folder = pathlib.Path(sys.argv[1])
case = json.loads((folder / "case.json").read_text())


def features():
    return np.fromfile(folder / "features.f32", np.float32).reshape(-1, case["columns"])


def check_folds():
    for i, c in enumerate(case["cases"]):
        labels, ours = np.array(c["labels"]), np.array(c["fold"])
        theirs = np.empty_like(ours)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for fold, (_, left_out) in enumerate(StratifiedKFold(c["folds"]).split(labels, labels)):
                theirs[left_out] = fold
        assert (ours == theirs).all(), f"case {i}: {ours.tolist()} but scikit-learn has {theirs.tolist()}"


def check_report():
    for i, c in enumerate(case["cases"]):
        theirs = classification_report(
            c["labels"], c["predicted"], labels=range(len(c["names"])), target_names=c["names"], zero_division=0)
        if "accuracy" not in theirs:  # scikit-learn says "micro avg" where a class neither occurs nor is predicted
            continue
        assert c["text"] == theirs, f"case {i}:\n{c['text']}\nbut scikit-learn has\n{theirs}"


def row_space(x):
    """Coordinates of centred rows in an orthonormal basis of the space they span: U sqrt(S) of their inner products."""
    k = (x - x.mean(0)) @ (x - x.mean(0)).T
    s, u = np.linalg.eigh(k)
    keep = s > s[-1] * 1e-13
    return u[:, keep] * np.sqrt(s[keep]), (u[:, keep] / np.sqrt(s[keep])).T


def objective(z, y, coef, intercept, c, weights):
    scores = z @ coef.T + intercept
    if scores.shape[1] == 1:
        scores = np.hstack([np.zeros_like(scores), scores])
    top = scores.max(1)
    loss = top + np.log(np.exp(scores - top[:, None]).sum(1)) - scores[np.arange(len(y)), y]
    return 0.5 * (coef**2).sum() + c * (weights * loss).sum()


def check_optimum():
    x, y = features().astype(np.float64), np.array(case["labels"])
    fold = np.array(case["fold"])
    weight = {case["names"].index(name): w for name, w in (case["weight_by_name"] or {}).items()} or None
    weight = "balanced" if case["balanced"] else weight
    n_train, worst = len(fold), -np.inf
    for fit in case["fits"]:
        rows = np.flatnonzero(fold != fit["fold"])  # fold -1: every training row
        z, basis = row_space(x[rows])
        model = LogisticRegression(C=fit["C"], solver="newton-cg", tol=1e-9, max_iter=2000, class_weight=weight)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(z, y[rows])
        theirs = objective(z, y[rows], model.coef_, model.intercept_, fit["C"],
                           compute_sample_weight(weight, y[rows]))
        excess = fit["objective"] / theirs - 1
        worst = max(worst, excess)
        assert excess <= 1e-6, f"C = {fit['C']}, fold {fit['fold']}: {fit['objective']!r} is above {theirs!r}"
    # The last fit is the one on all training rows: its predictions on the held-out rows.
    mean = x[:n_train].mean(0)
    held_out = (x[n_train:] - mean) @ (x[:n_train] - mean).T @ basis.T
    scores = model.decision_function(held_out)
    if scores.ndim == 1:
        margin = np.abs(scores)
    else:
        margin = np.diff(np.sort(scores, 1)[:, -2:], axis=1)[:, 0]
    differs = (model.predict(held_out) != np.array(case["predicted"])) & (margin > 1e-3)
    assert not differs.any(), f"held-out rows {np.flatnonzero(differs).tolist()} are predicted differently"
    print(f"largest excess over newton-cg {worst:.1e}, {len(case['fits'])} fits", file=sys.stderr)


def hinge_objective(z, y, coef, c, weights):
    """Of LinearSVC without an intercept of its own: z has the column of ones."""
    value = 0
    for k, w in enumerate(coef):
        sign = np.where(y == (1 if len(coef) == 1 else k), 1, -1)
        value += 0.5 * (w**2).sum() + c * (weights * np.maximum(0, 1 - sign * (z @ w))**2).sum()
    return value


def check_svm():
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.svm import LinearSVC

    x, y = features().astype(np.float64), np.array(case["labels"])
    fold = np.array(case["fold"])
    train = slice(0, len(fold))
    test = slice(len(fold), len(y))
    s, u = np.linalg.eigh(x @ x.T + 1)
    keep = s > s[-1] * 1e-13
    z = u[:, keep] * np.sqrt(s[keep])  # coordinates of the rows, with a column of ones, in the space they span
    weight = np.array([(case["weight_by_name"] or {}).get(name, 1.0) for name in case["names"]])
    svm = LinearSVC(dual=False, fit_intercept=False, tol=1e-10, max_iter=100000)
    worst = 0
    for fit in case["fits"]:
        rows = np.flatnonzero(fold != fit["fold"])
        svm.set_params(C=fit["C"]).fit(z[rows], y[rows], weight[y[rows]])
        theirs = hinge_objective(z[rows], y[rows], svm.coef_, fit["C"], weight[y[rows]])
        worst = max(worst, abs(fit["objective"] / theirs - 1))
        assert worst <= 1e-6, f"C = {fit['C']}, fold {fit['fold']}: {fit['objective']!r}, but LinearSVC has {theirs!r}"
    # The last fit is the one on all training rows.
    m, coef, intercept = model_file()
    scores = svm.decision_function(z[test]).reshape(test.stop - test.start, -1)
    ours = x[test] @ coef.T + intercept
    assert np.abs(ours - scores).max() <= 2e-3 * np.abs(scores).max()
    two = scores.shape[1] == 1
    gap = np.abs(scores[:, 0]) if two else np.diff(np.sort(scores, 1)[:, -2:])[:, 0]
    differs = (ours[:, 0] > 0) != (scores[:, 0] > 0) if two else ours.argmax(1) != scores.argmax(1)
    assert not (differs & (gap > 1e-3)).any()
    calibrated = CalibratedClassifierCV(svm, cv=1 + fold.max(), ensemble=False)
    calibrated.fit(z[train], y[train], sample_weight=weight[y[train]])
    theirs = calibrated.predict_proba(z[test])
    p = np.array(case["probabilities"]).reshape(theirs.shape)
    assert np.abs(p - theirs).max() <= 1e-3, np.abs(p - theirs).max()
    near = np.diff(np.sort(theirs, 1)[:, -2:])[:, 0] < 2e-3
    assert ((p.argmax(1) == np.array(case["predicted"])).all())
    assert ((p.argmax(1) == theirs.argmax(1)) | near).all()
    print(f"objectives within {worst:.1e}, probabilities within {np.abs(p - theirs).max():.1e}", file=sys.stderr)


def check_forest():
    from sklearn.ensemble import RandomForestClassifier, _forest

    if case["weight_by_name"] and "sample_weight" not in inspect.signature(_forest._generate_sample_indices).parameters:
        print("skipped: before version 1.9 weights did not change which rows are drawn", file=sys.stderr)
        return
    x, y = features(), np.array(case["labels"])
    n = int(len(y) * 0.75)
    weight = {case["names"].index(name): w for name, w in (case["weight_by_name"] or {}).items()} or None
    forests = [RandomForestClassifier(oob_score=True, random_state=seed, min_samples_leaf=case["min_leaf"],
                                      class_weight=weight).fit(x[:n], y[:n]) for seed in range(case["seeds"])]
    theirs = {"accuracy": np.mean([f.score(x[n:], y[n:]) for f in forests]),
              "out_of_bag": np.mean([f.oob_score_ for f in forests])}
    for what, value in theirs.items():  # over so few seeds and rows, means differ by a point
        assert abs(case[what] - value) < 0.02, f"{what}: {case[what]}, but scikit-learn has {value}"
    nodes = np.mean([sum(tree.tree_.node_count for tree in f.estimators_) for f in forests])
    assert abs(case["nodes"] / nodes - 1) < 0.02, f"{case['nodes']} nodes, but scikit-learn has {nodes}"
    print(f"{case['accuracy']:.4f}, {case['out_of_bag']:.4f}, {case['nodes']} nodes; {theirs}, {nodes}", file=sys.stderr)


def check_scores():
    for i, c in enumerate(case["cases"]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # classes that are predicted and do not occur
            assert c["balanced"] == balanced_accuracy_score(c["labels"], c["predicted"]), f"case {i}"
        theirs = f1_score(c["labels"], c["predicted"], average="macro", zero_division=0)
        assert abs(c["f1"] - theirs) < 1e-15, f"case {i}: {c['f1']!r} but scikit-learn has {theirs!r}"


def model_file():
    from safetensors import safe_open

    with safe_open(folder / "m.model", "np") as f:
        return f.metadata(), f.get_tensor("coef"), f.get_tensor("intercept")


def check_model():
    m, coef, intercept = model_file()
    model = LogisticRegression()
    model.coef_, model.intercept_, model.classes_ = coef, intercept, np.array(json.loads(m["classes"]))
    x = features()
    ours = np.array(case["probabilities"]).reshape(len(x), -1)
    assert np.abs(model.predict_proba(x.astype(np.float64)) - ours).max() < 1e-9
    assert (model.predict(x.astype(np.float64)) == np.array(case["names"])[ours.argmax(1)]).all()


def check_suspects():
    y = np.array(case["labels"])
    model = LogisticRegression(C=case["C"], solver="newton-cg", tol=1e-9, max_iter=2000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its line search gives up at the last bits
        p = cross_val_predict(model, features().astype(np.float64), y, cv=StratifiedKFold(3), method="predict_proba")
    own = p[np.arange(len(y)), y]
    threshold = np.array([own[y == c].mean() for c in range(p.shape[1])])
    confident = np.where(p >= threshold, p, 0)
    count = ((confident.max(1) > 0) & (confident.argmax(1) != y)).sum()
    rows = [r for r in np.argsort(own, kind="stable")[:count] if p[r].argmax() != y[r]]
    assert [s["row"] for s in case["suspects"]] == rows, f"{case['suspects']} but scikit-learn has {rows}"
    for s in case["suspects"]:
        assert s["predicted"] == p[s["row"]].argmax()
        assert abs(s["label_probability"] - own[s["row"]]) < 1e-4
        assert abs(s["predicted_probability"] - p[s["row"]].max()) < 1e-4


{"folds": check_folds, "scores": check_scores, "svm": check_svm, "forest": check_forest, "report": check_report, "optimum": check_optimum, "model": check_model,
 "suspects": check_suspects}[case["check"]]()
