"""Records what modules compute, in the order in which they do."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax.errors import JaxTransformError
from jax import Array

from vaex.training._quantities import LOG_PX_Z
from vaex.types import Terms

COLLECTION = "forensics"
"""The Linen collection that holds the records for as long as a step lasts."""

_TERMS = {
    "z": "z ~ q(z|x)",
    "log_qz_x": "log q(z|x)",
    "log_pz": "log p(z)",
    "kl": "KL(q(z|x) || p(z))",
    "log_px_z": LOG_PX_Z,
    "aux": "auxiliary term",
}
"""Fields of `Terms`, in the order of computation, and what they are."""


_MOST_COLUMNS = 8
"""More raw parameters than these are one record."""


class Label(NamedTuple):
    """What is recorded.

    Attributes:
      name: for people, such as "decoder/stack/Dense_0 output".
      kind: input, layer, raw, field, log_prob or term.
      path: of the module, without "model".
      field: of a distribution or of `Terms`; "" elsewhere.
      floor: lower bound of the module's scales; None where it has none.
    """

    name: str
    kind: str
    path: tuple[str, ...]
    field: str = ""
    floor: float | None = None


class Capture:
    """An interceptor of method calls, for `flax.linen.intercept_methods`.

    Outputs of every module; of heads and posteriors also the raw parameters, the
    fields of the distribution made of them and the scores; of a model its `Terms`.
    Arrays are sown into COLLECTION, which must be mutable, so that they pass Flax's
    lifted transformations; what cannot pass is left out.

    Attributes:
      labels: of the records, by number.
    """

    def __init__(self) -> None:
        self.labels: list[Label] = []
        self._in_from_raw: list[tuple[str, ...]] = []

    def __call__(
        self, method: Callable[..., Any], args: Any, kwargs: Any, context: Any
    ) -> Any:
        """Calls the method and records what went in and came out."""
        module, name = context.module, context.method_name
        if name not in ("__call__", "from_raw", "distribution", "score", "terms"):
            return method(*args, **kwargs)
        path = _path(module)
        is_hook = hasattr(module, "from_raw") and path not in self._in_from_raw
        if name == "distribution" and not is_hook:
            return method(*args, **kwargs)
        takes_raw = name in ("from_raw", "distribution")
        where = "/".join(path)
        kind, floor = type(module).__name__, getattr(module, "min_scale", None)
        if takes_raw and args:
            label = Label(f"{where} {kind}: raw parameter", "raw", path, "", floor)
            given = args[0] if name == "from_raw" else jnp.stack(args, axis=-1)
            for column, raw in _columns(module, given):
                self._record(module, label, raw, column)
        elif name == "__call__" and len(path) == 1 and args:
            self._record(module, Label(f"{where} input", "input", path), args[0])
        if name == "from_raw":
            self._in_from_raw.append(path)
            result = method(*args, **kwargs)
            self._in_from_raw.pop()
        else:
            result = method(*args, **kwargs)
        if name == "score":
            label = Label(f"{where} {kind}: log p(x|z) by element", "log_prob", path)
            self._record(module, label, result)
        elif name == "terms" and isinstance(result, Terms):
            for field, meaning in _TERMS.items():
                label = Label(meaning, "term", path, field)
                for inner, array in fields(getattr(result, field)):
                    self._record(module, label, array, f" {inner}".rstrip())
        elif not hasattr(result, "log_prob"):
            for field, array in fields(result) if name == "__call__" and path else ():
                label = Label(f"{where} output", "layer", path)
                self._record(module, label, array, f" {field}".rstrip())
        elif takes_raw or not hasattr(module, "from_raw"):
            for field, array in fields(result):
                text = f"{where} {kind}: field {field}{_origin(module, field)}"
                self._record(module, Label(text, "field", path, field, floor), array)
        return result

    def collected(self, tree: Any) -> dict[int, Array]:
        """Number of the record -> array, from what was sown into COLLECTION."""
        found: dict[int, Array] = {}
        for name, value in tree.items():
            if isinstance(value, Mapping):
                found |= self.collected(value)
            else:
                found[int(name.removeprefix("record_"))] = value
        return found

    def _record(self, module: Any, label: Label, array: Any, suffix: str = "") -> None:
        if not _is_floating(array):
            return
        if suffix:
            label = label._replace(name=label.name + suffix)
        name = f"record_{len(self.labels)}"
        self.labels.append(label)
        try:
            module.sow(COLLECTION, name, array, reduce_fn=_latest, init_fn=lambda: None)
        except JaxTransformError:  # inside a transformation that Flax does not see
            return


def fields(value: Any, depth: int = 4) -> Iterator[tuple[str, Array]]:
    """Floating arrays of a distribution or tree, by dotted name; of an array, "".

    >>> import distrax
    >>> normal = distrax.Normal(jnp.zeros(2), jnp.ones(2))
    >>> [name for name, _ in fields(distrax.Independent(normal, 1))]
    ['loc', 'scale']
    """
    if _is_floating(value):
        yield "", value
        return
    found: Any = {}
    if isinstance(value, Mapping):
        found = value
    elif isinstance(value, tuple | list):
        names = getattr(value, "_fields", range(len(value)))
        found = dict(zip(map(str, names), value, strict=True))
    elif hasattr(value, "log_prob") or hasattr(value, "forward"):
        parameters = getattr(value, "parameters", None)  # of TFP's distributions
        found = parameters if isinstance(parameters, Mapping) else vars(value)
    seen: list[Any] = []
    for name, inner in found.items() if depth else ():
        if any(inner is other for other in seen):
            continue
        seen.append(inner)
        name = str(name).strip("_")
        for rest, array in fields(inner, depth - 1):
            plain = name == "distribution" and rest
            yield rest if plain else f"{name}.{rest}".rstrip("."), array


def _path(module: Any) -> tuple[str, ...]:
    path = tuple(module.path)
    return path[1:] if path[:1] == ("model",) else path


def _columns(module: Any, raw: Any) -> list[tuple[str, Any]]:
    """The raw numbers by parameter, where each element has the same ones."""
    num = getattr(module, "num_params", None)
    alike = _is_floating(raw) and raw.shape[-1:] == (num,)
    if num is None or num > _MOST_COLUMNS or not alike:
        return [("s", raw)]
    names = _parameters(module)
    return [
        (f" {i} ({names[i]})" if names else f" {i}", raw[..., i]) for i in range(num)
    ]


def _parameters(module: Any) -> tuple[str, ...]:
    """Names of the raw parameters, as the hook `distribution` has them."""
    hook = getattr(type(module), "distribution", None)
    if hook is None:
        return ()
    found = list(inspect.signature(inspect.unwrap(hook)).parameters.values())[1:]
    plain = all(p.kind == p.POSITIONAL_OR_KEYWORD for p in found)
    return (
        tuple(p.name for p in found)
        if plain and len(found) == module.num_params
        else ()
    )


def _origin(module: Any, field: str) -> str:
    """Which raw parameter a field is made of, as far as names tell."""
    for i, name in enumerate(_parameters(module)):
        if name in (field, f"raw_{field}"):
            return f" from raw parameter {i}"
    return ""


def _is_floating(value: Any) -> bool:
    return isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jnp.floating)


def _latest(_: Any, new: Any) -> Any:
    return new
