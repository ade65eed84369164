"""One likelihood head made of others, for tables of mixed columns."""

import math
from collections.abc import Mapping
from typing import Any

import distrax
import jax.numpy as jnp
import numpy as np
from flax.core import FrozenDict
from jax import Array

from vaex.errors import InputError
from vaex.likelihoods._columns import assigned
from vaex.likelihoods._table import Table
from vaex.likelihoods.base import Likelihood, support
from vaex.likelihoods.gaussian import Gaussian
from vaex.likelihoods.laplace import Laplace


class Composite(Likelihood):
    """p(x|z) = prod_f p_f(x at the columns of field f), x a row of d numbers.

    For tables: each field names some columns and the head for them, which sees an event
    of shape (n,) and keeps its own support, raw numbers and parameters. Given z, fields
    are independent. In Python and in YAML alike:

      fields:
        age:      {columns: 0, head: {_target_: ...Gaussian}}
        diet:     {columns: "1:4", head: {_target_: ...OneHotCategorical}}
        blood:    {columns: rest, fields: {red: {columns: 0, head: ...}, ...}}

    Columns are a number, a list, a range "start:stop" (stop left out) or "rest"; they
    must not overlap, and together be all d. `fields` in place of `head` nests another
    Composite, whose columns count within its own. Values are taken as they are, not
    standardised.

    `log_prob_per_dimension` has one number for each that the heads score, in the order
    of the fields. A mask may hide what the heads of the columns let it hide. Mean,
    mode, variance and entropy exist where those of all fields do.

    Attributes:
      fields: name -> {"columns": ..., "head": ...}, as above.

    Source: Nazabal, Olmos, Ghahramani, Valera, "Handling Incomplete Heterogeneous Data
      using VAEs", Pattern Recognition 107, 2020, https://arxiv.org/abs/1807.03653.

    >>> import jax
    >>> head = Composite(
    ...     event_shape=(3,),
    ...     fields={
    ...         "size": {"columns": 0, "head": Gaussian()},
    ...         "rest": {"columns": "rest", "head": Laplace()},
    ...     },
    ... )
    >>> features, x = jnp.zeros((2, 4)), jnp.zeros((2, 3))
    >>> variables = head.init(jax.random.key(0), features)
    >>> found = head.apply(variables, features, x, method="log_prob_by_field")
    >>> {name: nats.shape for name, nats in found.items()}
    {'size': (2,), 'rest': (2,)}
    """

    fields: Mapping[str, Any] = FrozenDict()

    def __post_init__(self) -> None:
        shape = self.event_shape
        known = len(shape) == 1 and isinstance(shape[0], int) and shape[0] > 0
        if known and self.min_scale > 0:  # what else is wrong the base refuses
            self.fields = _resolved(self.fields, shape[0])
        super().__post_init__()
        if len(shape) > 1:
            raise InputError(
                f"event_shape must have one axis, the columns of a table, got {shape}"
            )

    @classmethod
    def example(cls, event_shape: tuple[int, ...]) -> "Composite":
        """The last column by another head than the others."""
        fields: dict[str, Any] = {"rest": {"columns": "rest", "head": Laplace()}}
        if event_shape and event_shape[0] > 1:
            fields["last"] = {"columns": event_shape[0] - 1, "head": Gaussian()}
        return cls(event_shape=event_shape, fields=fields)

    @property
    def _parts(self) -> list[tuple[str, np.ndarray, Likelihood]]:
        """Name, columns and head of each field."""
        if not self.event_shape:
            raise InputError("event_shape must be given, such as (3,), got ()")
        return [
            (name, np.array(field["columns"]), field["head"])
            for name, field in self.fields.items()
        ]

    @property
    def marginalizes(self) -> bool:
        """Whether a mask may hide any cell."""
        return all(h.marginalizes or h.joint_rank == 0 for _, _, h in self._parts)

    @property
    def support(self) -> support.Support:
        """Rows whose columns lie in the supports of their fields."""
        if not self.event_shape:
            return support.real
        inside = np.zeros(self.event_shape)
        for _, columns, head in self._parts:
            inside[columns] = head.support.inside
        parts, size = self._parts, len(inside)

        def contains(x: np.ndarray) -> np.ndarray:
            found = np.full(x.shape[:-1], x.shape[-1] == size)
            for _, columns, head in parts if x.shape[-1] == size else ():
                own = head.support.contains(x[..., columns])
                found &= own if head.support.event_rank else own.all(-1)
            return found

        described = (f"{n} {head.support.description}" for n, _, head in parts)
        return support.Support(
            f"rows of {', '.join(described)}",
            contains,
            inside=tuple(inside.tolist()),
            is_discrete=all(head.support.is_discrete for _, _, head in parts),
            event_rank=1,
        )

    @property
    def attribution_shape(self) -> tuple[int, ...]:
        """As many as the heads score, one after the other."""
        if not self.event_shape:
            return ()
        return (sum(math.prod(h.attribution_shape) for _, _, h in self._parts),)

    @property
    def raw_shape(self) -> tuple[int, ...]:
        """The raw numbers of the fields, one after the other."""
        return (sum(math.prod(h.raw_shape) for _, _, h in self._parts),)

    def attributed(self, mask: Array) -> Array:
        """As each head has it for its columns."""
        found = [
            _flat(head.attributed(mask[..., columns]), head.attribution_shape)
            for _, columns, head in self._parts
        ]
        return jnp.concatenate(found, axis=-1)

    def check_values(self, values: np.ndarray, mask: np.ndarray | None) -> None:
        """Asks the head of each field about its columns."""
        if values.shape[1:] != self.event_shape:
            raise InputError(
                f"{self.describe()} has event_shape {self.event_shape}, but the "
                f"examples have shape {values.shape[1:]}"
            )
        for name, columns, head in self._parts:
            own = None if mask is None else mask[:, columns]
            try:
                head.check_values(values[:, columns], own)
            except InputError as error:
                raise InputError(
                    f"{self.describe()}, field {name!r} (columns "
                    f"{columns.tolist()}): {error}"
                ) from error

    def from_raw(self, raw: Array) -> Table:
        """Distribution of rows."""
        sizes = [math.prod(head.raw_shape) for _, _, head in self._parts]
        pieces = jnp.split(raw, np.cumsum(sizes)[:-1], axis=-1)
        batch, found = raw.ndim - 1, []
        for (_, _, head), piece in zip(self._parts, pieces, strict=True):
            own = piece.reshape(*piece.shape[:-1], *head.raw_shape)
            elements = head.elements(None, raw=own)
            rank = len(elements.batch_shape) - batch
            found.append(distrax.Independent(elements, rank))
        return Table(found, tuple(tuple(c.tolist()) for _, c, _ in self._parts))

    def score(
        self, elements: Table, x: Array, mask: Array | None, *, train: bool
    ) -> Array:
        """The scores of the fields, one after the other."""
        found = []
        for (_, columns, head), part in zip(self._parts, elements.parts, strict=True):
            own = None if mask is None else mask[..., columns]
            nats = head.score(part.distribution, x[..., columns], own, train=train)
            found.append(_flat(nats, head.attribution_shape))
        return jnp.concatenate(found, axis=-1)

    def log_prob_by_field(
        self,
        features: Array,
        x: Array,
        mask: Array | None = None,
        *,
        axes: int = 0,
        train: bool = False,
    ) -> dict[str, Array]:
        """Log-density of each field, whose sum is `log_prob`.

        Args:
          features: [..., B, F].
          x: [B, d] in the support.
          mask: [B, d], True where observed.
          axes: event axes of the features, 0.
          train: whether this is a training step.

        Returns:
          name -> [..., B] nats; names of nested fields are joined by dots.
        """
        nats = self.log_prob_per_dimension(features, x, mask, axes=axes, train=train)
        sizes = self._sizes()
        pieces = jnp.split(nats, np.cumsum(list(sizes.values()))[:-1], axis=-1)
        return {n: piece.sum(-1) for n, piece in zip(sizes, pieces, strict=True)}

    def _sizes(self) -> dict[str, int]:
        """How many numbers each innermost field scores, by dotted name."""
        found: dict[str, int] = {}
        for name, _, head in self._parts:
            if isinstance(head, Composite):
                inner = head._sizes()
                found |= {f"{name}.{own}": size for own, size in inner.items()}
            else:
                found[name] = math.prod(head.attribution_shape)
        return found


def _flat(values: Array, shape: tuple[int, ...]) -> Array:
    return values.reshape(*values.shape[: values.ndim - len(shape)], -1)


def _resolved(fields: Mapping[str, Any], size: int) -> Mapping[str, Any]:
    """Fields with numbered columns, and heads that know how many they have."""
    for name, field in fields.items():
        if not isinstance(name, str) or not name or set(name) & set("./"):
            raise InputError(f"fields must have names without dots, got {name!r}")
        if not isinstance(field, Mapping) or set(field) not in (
            {"columns", "head"},
            {"columns", "fields"},
        ):
            raise InputError(
                f"fields.{name} must hold columns and head (or fields), got {field!r}"
            )
    columns = assigned({name: f["columns"] for name, f in fields.items()}, size)
    found = {
        name: {"columns": columns[name], "head": _head(name, field, columns[name])}
        for name, field in fields.items()
    }
    return FrozenDict(found)


def _head(name: str, field: Mapping[str, Any], columns: tuple[int, ...]) -> Likelihood:
    shape = (len(columns),)
    if "fields" in field:
        return Composite(event_shape=shape, fields=field["fields"])
    head = field["head"]
    if not isinstance(head, Likelihood):
        raise InputError(f"fields.{name}.head must be a likelihood head, got {head!r}")
    if head.event_shape != shape:
        head = head.clone(event_shape=shape)
    if not head.is_normalized or head.is_calibrated:
        reason = "is set after training" if head.is_normalized else "has no density"
        raise InputError(
            f"fields.{name}.head must have a density of its own, got "
            f"{type(head).__name__}, which {reason}; choose a head such as Gaussian"
        )
    return head
