"""The heads that the contract holds for: the library's, and such as users write."""

import functools
from typing import NamedTuple

import distrax
import flax.linen as nn
import jax.numpy as jnp

import vaex.distributions
import vaex.likelihoods
from tests.contracts.discovery import classes
from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood, positive, support
from vaex.likelihoods.continuous_bernoulli import ContinuousBernoulli
from vaex.likelihoods.shared_scale_gaussian import SharedScaleGaussian
from vaex.testing._subject import Subject, subjects


class TenLines(Likelihood):
    num_params = 2

    def distribution(self, loc, raw_scale):
        return distrax.Laplace(loc, positive(raw_scale, self.min_scale))


class OneHot(Likelihood):
    """A vector-valued head: each row of the event is scored as a whole."""

    num_classes: int = 3

    @classmethod
    def example(cls, event_shape):
        if not event_shape:
            raise InputError("event_shape must end in the classes, got ()")
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

    @classmethod
    def example(cls, event_shape):
        if not event_shape:
            raise InputError("event_shape must have an axis, got ()")
        return cls(event_shape=event_shape)

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


class BatchDistance(Likelihood):
    """A loss that compares batches as a whole: the distance of their means."""

    is_normalized = False
    couples_batch = True
    marginalizes = True
    attribution_shape = ()

    def distribution(self, loc):
        return vaex.distributions.PointPrediction(loc)

    def score(self, elements, x, mask, *, train):
        seen = jnp.ones(x.shape) if mask is None else mask
        off = jnp.where(seen, x - elements.mean(), 0.0).mean(-1 - len(self.event_shape))
        return -(off**2).sum(tuple(range(-len(self.event_shape), 0)))


class CalibratedGaussian(Likelihood):
    """A scale that is not learned but set to the residuals' when training ends."""

    is_calibrated = True

    def distribution(self, loc):
        scale = self.variable("calibration", "scale", jnp.ones, ()).value
        return distrax.Normal(loc, jnp.broadcast_to(scale, loc.shape))

    def calibration_totals(self, elements, x, mask):
        axes = tuple(range(-len(self.event_shape), 0))
        squares = jnp.where(mask, (x - elements.mean()) ** 2, 0.0)
        counted = jnp.broadcast_to(mask, squares.shape)
        return {"squares": squares.sum(axes), "count": counted.sum(axes)}

    def calibration_values(self, totals):
        return {"scale": jnp.sqrt(totals["squares"] / totals["count"])}


LIBRARY = classes(vaex.likelihoods, Likelihood)
OWN = [
    TenLines,
    OneHot,
    SharedPerDimension,
    Coupled,
    Mixture,
    AbsoluteError,
    BatchDistance,
    CalibratedGaussian,
]
ALL = LIBRARY + OWN


class Case(NamedTuple):
    """An event shape, and how many of its axes the decoder's features carry."""

    event_shape: tuple[int, ...]
    axes: int

    def __str__(self) -> str:
        return f"{'x'.join(map(str, self.event_shape)) or 'scalar'}-axes{self.axes}"


VECTOR = Case((3,), 0)


@functools.cache
def setup(kind: type[Likelihood], case: Case | None = None) -> Subject:
    """A head with parameters, none of them at its start; programs are shared."""
    if case is None:
        return subjects(kind)[0]
    return Subject(kind.example(case.event_shape), case.axes, resized=kind.example)
