"""Far from ordinary parameters values and gradients stay numbers, and true ones."""

from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from vaex.testing._compiled import quick_jit
from vaex.testing._integration import edges, interval, is_finite, levels, vectors
from vaex.testing._outcome import NotApplicable, require
from vaex.testing._subject import B, Subject

# A confident and wrong network; one whose training has gone astray.
FAR, ASTRAY = 100.0, 1e4


class _Scores(NamedTuple):
    """Of every raw row with every value.

    Attributes:
      raw: [R, 1, *raw_shape].
      x: [V, 1, *E].
      value: [R, V, 1, *attribution_shape] nats.
      slope: [R, V, *raw_shape], gradient of their sum.
      far: losses [S, B] and their gradients, for bfloat16 features times ASTRAY.
    """

    raw: np.ndarray
    x: np.ndarray
    value: np.ndarray
    slope: np.ndarray
    far: Any


def extreme_parameters_give_numbers(subject: Subject) -> str:
    """Raw numbers of +-1e4 at the ends of the support: no NaN, no infinite density.

    As float32, and of bfloat16 features times 1e4; gradients never NaN. One NaN ends
    a training run. Probabilities of 0 are allowed where the exact one is too small.
    """
    head, found = subject.head, _scores(subject)
    ends = () if head.support.event_rank else interval(head.support)
    at_end = np.isin(found.x, ends).any(tuple(range(1, found.x.ndim)))
    singular = at_end & (not head.support.is_discrete)
    axes = tuple(range(2, found.value.ndim))
    bad = {
        "NaN": np.isnan(found.value).any(axes),
        "+inf": np.isposinf(found.value).any(axes) & ~singular,
        "NaN gradient": np.isnan(found.slope).any(tuple(range(2, found.slope.ndim))),
    }
    if subject.reference is not None:
        bad["not the reference's infinity"] = _unlike_reference(subject, found)
    for what, where in bad.items():
        if where.any():
            i, j = np.argwhere(where)[0]
            raise AssertionError(
                f"{what} for {int(where.sum())} of {where.size} pairs, the first: "
                f"raw {_short(found.raw[i])}, x {_short(found.x[j])}: "
                f"{_short(found.value[i, j])}"
            )
    for leaf in jax.tree.leaves(found.far):
        number = not np.isnan(np.asarray(leaf, np.float32)).any()
        require(number, "NaN loss or gradient for features times 1e4")
    return f"{len(found.raw)} parameters, {len(found.x)} values"


def a_wrong_value_keeps_its_cost(subject: Subject) -> str:
    """At raw numbers of +-100 outcomes have total mass 1, and costs can be unlearned.

    A probability that is rounded to 0 or 1 and then clipped, or a NaN that is
    replaced, makes a confidently wrong prediction cheap or free, and its gradient 0:
    a wrong pixel at logit 100 costs 100 nats, neither 0 nor 16.
    """
    head = subject.head
    if not head.is_normalized or not head.support.is_discrete:
        raise NotApplicable("the support has no outcomes to sum over")
    found = _scores(subject)
    # Heads on counts may bound the rate that they can state.
    rows = (abs(found.raw) <= FAR).all(tuple(range(1, found.raw.ndim)))
    value, slope = found.value[rows].astype(np.float64), found.slope[rows]
    said = ""
    if _all_outcomes(subject) is not None:
        mass = np.exp(value).sum(1)
        off = abs(mass - 1)
        at = np.unravel_index(int(np.nan_to_num(off, nan=9e9).argmax()), off.shape)
        # Log-probabilities of 100 nats are right to 1e-5 in float32.
        require(
            off[at] < 1e-3,
            f"mass {mass[at]:.6g} at raw {_short(found.raw[rows][at[0]])}, not 1",
        )
        said = f"mass within {off.max():.1e}"
    total = value.reshape(*value.shape[:2], -1)
    # Clipping at 1e-6 or 1e-7 costs 14 or 16 nats; heads may state a floor above e^-12.
    costly = (np.isfinite(total) & (total < -12)).all(-1)
    free = costly & (slope == 0).all(tuple(range(2, slope.ndim)))
    if _is_finite(subject) and free.any():
        i, j = np.argwhere(free)[0]
        raise AssertionError(
            f"x {_short(found.x[j])} costs {-total[i, j, 0]:.4g} nats at raw "
            f"{_short(found.raw[rows][i])}, with gradient 0"
        )
    return said


def gradients_agree_with_finite_differences(subject: Subject) -> str:
    """At ordinary parameters, the slope of the loss is that of its values.

    Custom gradients and stopped ones are found by nothing else.
    """

    @quick_jit
    def everything(variables: Any, features: Any, x: Any, moves: Any) -> Any:
        def loss(place: Any) -> Any:
            params, features = place
            return subject.apply(
                "reconstruction_loss", features, x, variables={**variables, **params}
            )

        place = {"params": variables["params"]}, features
        slopes = jax.grad(lambda place: loss(place).sum())(place)

        def along(move: Any) -> Any:
            def shifted(step: Any) -> Any:
                return loss(jax.tree.map(lambda p, m: p + step * m, place, move))

            terms = jax.tree.map(lambda s, m: (s * m).sum(), slopes, move)
            return sum(jax.tree.leaves(terms)), jax.lax.map(shifted, steps)

        return jax.lax.map(along, moves)

    steps = np.array([-STEPS[0], -STEPS[1], STEPS[1], STEPS[0]], np.float32)
    moves = jax.tree.map(
        lambda leaf: (
            np.random.default_rng(2).normal(size=(16, *leaf.shape)).astype(np.float32)
            * 0.3
        ),
        ({"params": subject.variables["params"]}, subject.features),
    )
    found = everything(subject.variables, subject.features, subject.x, moves)
    exact, losses = (np.asarray(v, np.float64) for v in found)
    size, losses = abs(losses).max((1, 2, 3)), losses.sum((2, 3))
    wide = (losses[:, 3] - losses[:, 0]) / (2 * STEPS[0])
    narrow = (losses[:, 2] - losses[:, 1]) / (2 * STEPS[1])
    # Rounding of the loss over the step, and the curvature that two steps show; a
    # corner between the points, as |x - loc| has, shows as a difference of the two.
    slack = 4e-7 * (30 + size) / STEPS[1] + 0.01 * abs(narrow)
    smooth = abs(wide - narrow) < slack
    require(smooth.mean() > 0.3, "the loss is too rough for finite differences")
    off = np.where(smooth, abs(exact - narrow) - 2 * slack, -np.inf)
    at = int(off.argmax())
    require(
        not np.isnan(exact).any() and off[at] < 0,
        f"the gradient along a direction is {exact[at]:.6g}, the values' slope "
        f"{narrow[at]:.6g}",
    )
    error = np.where(smooth, abs(exact - narrow) / (1 + abs(narrow)), 0.0).max()
    return f"within {error:.1e}, of {int(smooth.sum())} slopes"


STEPS = (4e-3, 2e-3)


@cache
def _scores(subject: Subject) -> _Scores:
    """All of them, in one program."""
    raw, x = _raw_rows(subject)[:, None], _x_rows(subject)[:, None]

    def score(raw: Any, x: Any, variables: Any) -> Any:
        value = subject.score(raw, x, variables)
        return value.sum(), value

    def loss(variables: Any, features: Any, x: Any) -> Any:
        verb = "reconstruction_loss"
        value = subject.apply(verb, features, x, variables=variables)
        return value.sum(), value

    @quick_jit
    def everything(variables: Any, raw: Any, x: Any, features: Any, at: Any) -> Any:
        pair = jax.value_and_grad(score, has_aux=True)
        each = jax.vmap(jax.vmap(pair, (None, 0, None)), (0, None, None))
        (_, value), slope = each(raw, x, variables)
        gradient = jax.value_and_grad(loss, (0, 1), has_aux=True)
        astray = (ASTRAY * features).astype(jnp.bfloat16)
        far = gradient(variables, astray, at)
        return value, slope[:, :, 0], far

    at = np.resize(x[:, 0], (B, *subject.head.event_shape))
    found = everything(subject.variables, raw, x, subject.features, at)
    value, slope, far = jax.device_get(found)
    return _Scores(raw, x, value, slope, far)


def _is_finite(subject: Subject) -> bool:
    """Whether every number of an outcome is one of finitely many."""
    support = subject.head.support
    return bool(support.event_rank) or is_finite(support)


def _raw_rows(subject: Subject) -> np.ndarray:
    """[R, *raw_shape]: 0 or +-size in every parameter, all pairings if they are few."""
    shape = subject.head.raw_shape
    count = shape[-1] if shape[:-1] == subject.head.event_shape else 0
    if 0 < count <= 3:
        signs = np.stack(np.meshgrid(*[[-1.0, 0.0, 1.0]] * count, indexing="ij"), -1)
        signs = signs.reshape(-1, *(1,) * (len(shape) - 1), count)
        signs = np.broadcast_to(signs, (len(signs), *shape))
    else:
        random = np.random.default_rng(0).choice([-1.0, 0.0, 1.0], (10, *shape))
        same = np.broadcast_to(
            np.array([-1.0, 1.0]).reshape(2, *(1,) * len(shape)), (2, *shape)
        )
        signs = np.concatenate([random, same])
    return np.concatenate([FAR * signs, ASTRAY * signs]).astype(np.float32)


def _all_outcomes(subject: Subject) -> np.ndarray | None:
    """[V, *E], where they are few and numbers or vectors are scored for themselves."""
    support, event = subject.head.support, subject.head.event_shape
    if not support.is_discrete or subject.joint_shape is None:
        return None
    if support.event_rank:
        rows = vectors(support, event[-1])
        return np.broadcast_to(
            rows.reshape(len(rows), *(1,) * (len(event) - 1), event[-1]),
            (len(rows), *event),
        )
    if not is_finite(support) or not subject.is_separate:
        return None
    one = levels(support, 64)
    if len(one) > 300:
        return None
    return np.broadcast_to(one.reshape(-1, *(1,) * len(event)), (len(one), *event))


def _x_rows(subject: Subject) -> np.ndarray:
    """[V, *E]: all outcomes if they are few, else the ends of the support."""
    rows = _all_outcomes(subject)
    if rows is None and not subject.head.support.event_rank:
        event = subject.head.event_shape
        ends = edges(subject.head.support).reshape(-1, *(1,) * len(event))
        same = np.broadcast_to(ends, (len(ends), *event))
        rows = np.concatenate([same, subject.values(3)])
    return subject.values(8) if rows is None else np.asarray(rows, np.float32)


def _unlike_reference(subject: Subject, found: _Scores) -> np.ndarray:
    """[R, V]: infinite where the twin is finite, or another number than the twin's."""
    head, (rows, values) = subject.head, (len(found.raw), len(found.x))
    raw = np.repeat(found.raw[:, 0], values, 0).astype(np.float64)
    x = np.tile(found.x[:, 0], (rows, *(1,) * len(head.event_shape))).astype(float)
    assert subject.reference is not None
    with np.errstate(all="ignore"):
        expected = np.asarray(subject.reference(raw, x), np.float64)
    value = found.value.astype(np.float64).reshape(rows * values, -1)
    expected = expected.reshape(rows * values, -1)
    if expected.shape[1] != value.shape[1]:
        value = value.sum(1, keepdims=True)
    wrong = np.isfinite(expected) & ~np.isclose(value, expected, rtol=1e-4, atol=1e-4)
    return wrong.any(1).reshape(rows, values)


def _short(array: np.ndarray) -> str:
    flat = np.unique(np.asarray(array))
    shown = ", ".join(f"{number:.6g}" for number in flat[:4])
    return shown + (", ..." if flat.size > 4 else "")
