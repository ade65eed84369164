"""The heads that the contract holds for: the library's, and such as users write."""

import functools
from typing import NamedTuple

import distrax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

import vaex.distributions
import vaex.likelihoods
from tests.contracts.compiled import quick_jit
from tests.contracts.discovery import classes
from vaex.likelihoods.base import Likelihood, positive, support
from vaex.likelihoods.continuous_bernoulli import ContinuousBernoulli
from vaex.likelihoods.shared_scale_gaussian import SharedScaleGaussian

S, B, FEATURES, DRAWS = 2, 3, 5, 4000


class TenLines(Likelihood):
    num_params = 2

    def distribution(self, loc, raw_scale):
        return distrax.Laplace(loc, positive(raw_scale, self.min_scale))


class OneHot(Likelihood):
    """A vector-valued head: each row of the event is scored as a whole."""

    num_classes: int = 3

    @classmethod
    def example(cls, event_shape):
        return cls(event_shape=event_shape, num_classes=event_shape[-1])

    @property
    def support(self):
        return support.one_hot(self.num_classes)

    def from_raw(self, raw):
        return distrax.OneHotCategorical(logits=raw[..., 0])


class SharedPerDimension(Likelihood):
    """A parameter that all examples share, one for each element."""

    def distribution(self, loc):
        raw_scale = self.param("raw_scale", nn.initializers.zeros, self.event_shape)
        scale = positive(raw_scale, self.min_scale)
        return distrax.Laplace(loc, jnp.broadcast_to(scale, loc.shape))


class Coupled(Likelihood):
    """The last axis scored jointly, on a support of numbers."""

    num_params = 2

    @property
    def attribution_shape(self):
        return self.event_shape[:-1]

    def from_raw(self, raw):
        loc, scale = raw[..., 0], positive(raw[..., 1], self.min_scale)
        total = jnp.cumsum(loc, axis=-1)
        return distrax.Independent(distrax.Normal(total, scale), 1)


class Mixture(Likelihood):
    """A wrapper: the child makes the components out of its share of raw numbers."""

    child: Likelihood = ContinuousBernoulli()
    num_components: int = 2

    @property
    def num_params(self):
        return self.num_components * (1 + self.child.num_params)

    @property
    def support(self):
        return self.child.support

    def from_raw(self, raw):
        weights, rest = jnp.split(raw, [self.num_components], axis=-1)
        rest = rest.reshape(*raw.shape[:-1], self.num_components, -1)
        components = self.child.elements(None, raw=rest)
        return distrax.MixtureSameFamily(
            distrax.Categorical(logits=weights), components
        )


class SharedMixture(Mixture):
    child: Likelihood = SharedScaleGaussian()


class AbsoluteError(Likelihood):
    """A loss-only head, on whose name nothing in the tests depends."""

    is_normalized = False

    def distribution(self, loc):
        return vaex.distributions.PointPrediction(loc)

    def score(self, elements, x, mask, *, train):
        return -jnp.abs(x - elements.mean())


LIBRARY = classes(vaex.likelihoods, Likelihood)
OWN = [TenLines, OneHot, SharedPerDimension, Coupled, Mixture, AbsoluteError]
ALL = LIBRARY + OWN
NORMALIZED = [kind for kind in ALL if kind.is_normalized]
LOSSES = [kind for kind in ALL if not kind.is_normalized]


class Case(NamedTuple):
    """An event shape, and how many of its axes the decoder's features carry."""

    event_shape: tuple[int, ...]
    axes: int

    def __str__(self) -> str:
        return f"{'x'.join(map(str, self.event_shape)) or 'scalar'}-axes{self.axes}"


VECTOR = Case((3,), 0)


class Setup(NamedTuple):
    """A head with parameters, and features [S, B, *E[:axes], F] for it."""

    head: Likelihood
    variables: dict
    features: np.ndarray

    @property
    def joint(self) -> int:
        """Number of last axes of an event that are scored as a whole."""
        return len(self.head.event_shape) - len(self.head.attribution_shape)


@functools.cache
def setup(kind: type[Likelihood], case: Case) -> Setup:
    """Filled by numpy, which has nothing to compile; no parameter is at its start."""
    generator = np.random.default_rng(0)
    head = kind.example(case.event_shape)
    shape = (S, B, *case.event_shape[: case.axes], FEATURES)
    features = generator.normal(size=shape).astype(np.float32)
    shapes = jax.eval_shape(
        lambda: head.init(jax.random.key(0), features, axes=case.axes)
    )
    variables = jax.tree.map(
        lambda leaf: (0.4 * generator.normal(size=leaf.shape)).astype(leaf.dtype),
        shapes,
    )
    return Setup(head, variables, features)


class Draws(NamedTuple):
    """Of the head with event shape (3,).

    Attributes:
      x: [DRAWS, B, 3], as many for each example.
      moments: what the head states: its mean, else its probabilities.
    """

    x: np.ndarray
    moments: dict[str, np.ndarray]


@functools.cache
def drawn(kind: type[Likelihood]) -> Draws:
    """The one program that samples: random numbers take long to compile."""
    head, variables, features = setup(kind, VECTOR)

    def moment(module, features):
        try:
            return {"mean": module.mean(features)}
        except ValueError:  # class labels
            return {"probabilities": module.probabilities(features)}

    @quick_jit
    def everything(key):
        p = head.apply(variables, features[0])
        x = p.sample(seed=key, sample_shape=DRAWS)
        return x, head.apply(variables, features[0], method=moment)

    return Draws(*jax.device_get(everything(jax.random.key(1))))


def values_of(kind: type[Likelihood], case: Case) -> np.ndarray:
    """[B, *E] float32 in the support: draws, put into another shape."""
    if kind.example(VECTOR.event_shape).support.event_rank == 0:
        flat = drawn(kind).x.reshape(-1)
        return np.resize(flat, (B, *case.event_shape)).astype(np.float32)
    *rows, size = case.event_shape
    columns = drawn(kind).x.reshape(-1, 3).argmax(-1) % size
    return np.eye(size, dtype=np.float32)[np.resize(columns, (B, *rows))]
