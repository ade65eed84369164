"""What every preparation keeps to: the folder is walked, none is named."""

import dataclasses
import importlib
import inspect
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import vaex.preparations
from vaex._lazy import definitions
from vaex.data.dataset import Dataset
from vaex.preparations.base import Preparation

EVENT = (3, 2)


def found() -> dict[str, type[Preparation]]:
    classes = {}
    for file in sorted(Path(vaex.preparations.__path__[0]).glob("[!_]*.py")):
        module = importlib.import_module(f"vaex.preparations.{file.stem}")
        for name in definitions(file):
            entry = getattr(module, name)
            if isinstance(entry, type) and not inspect.isabstract(entry):
                classes[name] = entry
    return classes


PREPARATIONS = found()


def dataset(num_levels: int | None) -> Dataset:
    """Levels, of which all occur, or real values; one element never varies."""
    random = np.random.RandomState(0)
    if num_levels is None:
        x = random.standard_normal((500, *EVENT)) * 3 + np.arange(6.0).reshape(EVENT)
        x = x.astype(np.float32)
    else:
        x = random.randint(num_levels, size=(500, *EVENT)).astype(np.uint8)
        x[0], x[1] = 0, num_levels - 1
    x[:, 2, 1] = x[0, 2, 1]
    return Dataset("made", {"train": {"x": x}, "test": {"x": x[:9]}}, num_levels, "")


def built(kind: type[Preparation], data: Dataset) -> Preparation:
    """With what the fields' names ask for, as a configuration's builder does it."""
    spec = data.spec()
    given = {field.name for field in dataclasses.fields(spec)}
    names = [field.name for field in dataclasses.fields(kind)]
    return kind(**{name: getattr(spec, name) for name in names if name in given})


def cases() -> list:
    some = []
    for name, kind in PREPARATIONS.items():
        fields = {field.name: field for field in dataclasses.fields(kind)}
        levels = fields.get("num_classes")
        if levels is None or levels.default is None:
            some.append(pytest.param(kind, None, id=f"{name}-real"))
        if levels is not None:
            some += [pytest.param(kind, k, id=f"{name}-{k}") for k in (2, 17, 256)]
    return some


def in_data_units(data: Dataset) -> np.ndarray:
    x = data.splits["train"]["x"].astype(np.float32)
    return x if data.num_levels is None else x / (data.num_levels - 1)


everything = pytest.mark.parametrize(("kind", "num_levels"), cases())


def test_the_walk_finds_them():
    assert {"Binarize", "Identity"} <= set(PREPARATIONS)
    assert all(issubclass(kind, Preparation) for kind in PREPARATIONS.values())


@everything
def test_shape_dtype_and_what_is_passed_through(kind, num_levels, getkey):
    data = dataset(num_levels)
    label = jnp.arange(500)
    stored = {
        "x": data.splits["train"]["x"],
        "label": label,
        "condition": label[:, None],
    }
    batch = jax.jit(built(kind, data))(getkey(), stored)
    assert batch.keys() - {"input"} == stored.keys()
    for key in batch.keys() & {"x", "input"}:
        assert batch[key].dtype == jnp.float32
        assert batch[key].shape == (500, *EVENT)
        assert jnp.isfinite(batch[key]).all()
    np.testing.assert_array_equal(batch["label"], label)


@everything
def test_one_key_gives_one_batch(kind, num_levels, getkey):
    data = dataset(num_levels)
    stored = {"x": data.splits["train"]["x"]}
    prepare = built(kind, data)
    key, other = getkey(), getkey()
    first, again, third = (prepare(k, stored)["x"] for k in (key, key, other))
    np.testing.assert_array_equal(first, again)
    traced = jax.make_jaxpr(prepare)(key, stored)
    draws = ("random_bits", "threefry", "random_unwrap")  # the last: words of its own
    if any(name in str(traced) for name in draws):
        assert (first != third).any()
    else:
        np.testing.assert_array_equal(first, third)
    compiled = jax.jit(prepare)(key, stored)["x"]
    np.testing.assert_allclose(first, compiled, rtol=1e-6, atol=1e-6)


@everything
def test_the_inverse_gives_back_the_data(kind, num_levels, getkey):
    """In the data's unit: at once where x is a function of it, else on average."""
    data = dataset(num_levels)
    prepare = built(kind, data)
    stored = {"x": data.splits["train"]["x"]}
    expected = in_data_units(data)
    back = prepare.inverse(prepare(getkey(), stored)["x"])
    assert back.dtype == jnp.float32
    if kind.__name__ == "Binarize" and num_levels > 2:
        error = np.asarray(back - expected)
        assert abs(error.mean()) < 5 * 0.5 / np.sqrt(error.size)
    else:
        np.testing.assert_allclose(back, expected, rtol=1e-5, atol=2e-6)


@everything
def test_log_det_is_that_of_the_jacobian(kind, num_levels, getkey):
    """Of x by the data: its own unit, but for dequantised data one level."""
    data = dataset(num_levels)
    prepare = built(kind, data)
    if prepare.spec(data.spec()).num_classes is not None:
        assert prepare.log_det == 0  # a probability has no unit
        return
    size = int(np.prod(EVENT))
    point = data.splits["train"]["x"][3].astype(np.float32)
    if kind.dequantizes:
        key = getkey()
        jacobian = jax.jacfwd(lambda v: prepare(key, {"x": v[None]})["x"][0])(point)
        sign = 1
    else:
        x = prepare(getkey(), {"x": point[None]})["x"][0]
        jacobian = jax.jacfwd(lambda x: prepare.inverse(x[None])[0])(x)
        sign = -1
    jacobian = np.asarray(jacobian).reshape(size, size)
    expected = sign * np.linalg.slogdet(jacobian)[1]
    assert prepare.log_det == pytest.approx(expected, rel=1e-5, abs=1e-5)
    # Of what a mask leaves: the Jacobian without the hidden rows and columns.
    mask = np.arange(3 * size).reshape(3, *EVENT) % 3 != 1
    for found, shown in zip(
        np.broadcast_to(prepare.log_det_of(mask), 3), mask.reshape(3, -1), strict=True
    ):
        part = np.linalg.slogdet(jacobian[np.ix_(shown, shown)])[1]
        assert found == pytest.approx(sign * part, rel=1e-5, abs=1e-5)
    assert prepare.log_det_of(None) == prepare.log_det


@everything
def test_the_spec_describes_the_prepared_values(kind, num_levels, getkey):
    data = dataset(num_levels)
    prepare = built(kind, data)
    x = np.asarray(prepare(getkey(), {"x": data.splits["train"]["x"]})["x"], np.float64)
    spec = prepare.spec(data.spec())
    assert spec.event_shape == EVENT
    assert spec.condition_dim == 0
    assert spec.train_mean.shape == spec.train_std.shape == EVENT
    assert spec.train_mean.dtype == spec.train_std.dtype == np.float32
    if spec.num_classes is not None:
        assert set(np.unique(x)) <= set(range(spec.num_classes))
    # Where nothing is drawn exactly; else within 5 standard errors of 500 rows.
    exact = kind.__name__ in ("Identity", "Levels", "Standardize", "UnitInterval")
    error = 0 if exact else 5 * x.std(0).max() / np.sqrt(500)
    np.testing.assert_allclose(x.mean(0), spec.train_mean, rtol=1e-5, atol=error + 3e-6)
    np.testing.assert_allclose(x.std(0), spec.train_std, rtol=1e-5, atol=error + 3e-6)


@everything
def test_masked_cells_are_prepared_as_zero(kind, num_levels, getkey):
    data = dataset(num_levels)
    prepare = built(kind, data)
    x = data.splits["train"]["x"]
    mask = np.random.RandomState(1).rand(*x.shape) < 0.7
    hidden = np.nan if num_levels is None else 255
    stored = {"x": np.where(mask, x, hidden).astype(x.dtype), "mask": mask}
    plain = {"x": np.where(mask, x, 0).astype(x.dtype)}
    key = getkey()
    batch, expected = prepare(key, stored), prepare(key, plain)
    np.testing.assert_array_equal(batch["mask"], mask)
    for name in expected:
        assert jnp.isfinite(batch[name]).all()
        np.testing.assert_array_equal(batch[name], expected[name])


@pytest.mark.slow
@everything
def test_it_can_be_mapped_over_keys(kind, num_levels, getkey):
    data = dataset(num_levels)
    prepare = built(kind, data)
    stored = {"x": jnp.asarray(data.splits["test"]["x"])}
    keys = jax.random.split(getkey(), 3)
    mapped = jax.vmap(lambda key: prepare(key, stored)["x"])(keys)
    looped = jnp.stack([prepare(key, stored)["x"] for key in keys])
    np.testing.assert_allclose(mapped, looped, rtol=1e-6, atol=1e-6)
