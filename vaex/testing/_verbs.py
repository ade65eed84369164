"""What the verbs of a head give for x, in as few programs as can be."""

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp

from vaex.testing._compiled import quick_jit
from vaex.testing._subject import B, S, Subject


@cache
def computed(subject: Subject) -> dict[str, Any]:
    """Losses [S, B], and what else the verbs give."""
    head = subject.head

    @quick_jit
    def everything(variables: Any, features: Any, raw: Any, x: Any) -> Any:
        def call(method: str, *arguments: Any) -> Any:
            return subject.apply(method, features, *arguments, variables=variables)

        found = {"loss": call("reconstruction_loss", x)}
        found["through raw"] = subject.score(raw, x, variables)
        if head.is_normalized:
            p = call("__call__")
            found |= {
                "log_prob": call("log_prob", x),
                "elements": call("log_prob_per_dimension", x),
                "distribution": p.log_prob(x),
            }
        return found

    return jax.device_get(
        everything(subject.variables, subject.features, subject.raw, subject.x)
    )


def mapped(subject: Subject) -> dict[str, Any]:
    """The same losses [S, B], by name of how they were had."""

    @quick_jit
    def everything(variables: Any, features: Any, x: Any) -> Any:
        def losses(features: Any, x: Any) -> Any:
            verb = "reconstruction_loss"
            return subject.apply(verb, features, x, variables=variables)

        if subject.head.couples_batch:
            return {"vmap": jax.vmap(losses, (0, None))(features, x)}
        rows = features.reshape(S * B, 1, *features.shape[2:])
        xs = jnp.broadcast_to(x, (S, *x.shape)).reshape(S * B, 1, *x.shape[1:])
        loop = jax.lax.map(lambda pair: losses(*pair), (rows, xs))
        alone = jax.vmap(losses)(features[:, :, None].swapaxes(0, 1), x[:, None])
        return {"loop": loop.reshape(S, B), "vmap": alone[..., 0].T}

    return jax.device_get(everything(subject.variables, subject.features, subject.x))


def shapes(subject: Subject, dtype: Any = jnp.float32) -> dict[str, Any]:
    """Shape and dtype of every verb, with features and x of a dtype; none is run."""
    features = jax.ShapeDtypeStruct(subject.features.shape, dtype)
    x = jax.ShapeDtypeStruct(subject.x.shape, dtype)

    def everything(features: Any, x: Any, key: Any) -> Any:
        found = {
            "reconstruction_loss": subject.apply("reconstruction_loss", features, x),
            "sample": subject.apply("sample", features, key),
        }
        if subject.head.is_normalized:
            for verb in ("log_prob", "log_prob_per_dimension"):
                found[verb] = subject.apply(verb, features, x)
        for verb in subject.draws.stated if subject.head.is_normalized else ("mean",):
            found[verb] = subject.apply(verb, features)
        return found

    return jax.eval_shape(everything, features, x, jax.random.key(0))
