"""Verbs of a head agree with each other, however they are called."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from vaex.testing._outcome import NotApplicable, require, require_close
from vaex.testing._subject import B, S, Subject
from vaex.testing._verbs import computed, mapped, shapes


def verbs_have_the_stated_shapes_and_types(subject: Subject) -> str:
    """Every verb gives float32 of the shape in its docstring, and losses are finite.

    Objectives and scores add arrays of different heads: a shape that broadcasts by
    accident would train on a wrong number and raise nothing.
    """
    head = subject.head
    wanted = {
        "reconstruction_loss": (S, B),
        "log_prob": (S, B),
        "entropy": (S, B),
        "log_prob_per_dimension": (S, B, *head.attribution_shape),
    }
    for verb, found in shapes(subject).items():
        if verb == "probabilities":
            shape = found.shape[: 2 + len(head.attribution_shape)]
            require(shape == (S, B, *head.attribution_shape), f"{verb} {found.shape}")
            continue
        shape = wanted.get(verb, (S, B, *head.event_shape))
        require(found.shape == shape, f"{verb} has shape {found.shape}, not {shape}")
        floating = jnp.issubdtype(found.dtype, jnp.floating) or verb == "mode"
        require(floating, f"{verb} has dtype {found.dtype}, not float32")
    loss = computed(subject)["loss"]
    require(np.isfinite(loss).all(), f"the loss of its own samples is {loss}")
    return f"S={S}, B={B}, E={head.event_shape}"


def dimensions_sum_to_log_prob(subject: Subject) -> str:
    """`log_prob_per_dimension` sums to `log_prob`, the distribution's, minus the loss.

    Attribution maps show the parts of the number that is trained and reported.
    """
    if not subject.head.is_normalized:
        raise NotApplicable("a loss-only head has no density")
    found = computed(subject)
    total = np.asarray(found["elements"], np.float64).reshape(S, B, -1).sum(-1)
    said = require_close(found["log_prob"], total, "log_prob")
    require_close(found["distribution"], total, "log_prob of the distribution")
    # The same sum, which a compiler may round twice in two ways.
    require_close(-found["loss"], found["log_prob"], "minus the loss", 1e-6, 1e-6)
    return f"{said} nats"


def jit_vmap_and_loop_agree(subject: Subject) -> str:
    """Compiled as a batch, mapped by `vmap` or one by one in a loop: same numbers.

    What depends on the other examples, or on how many there are, is no likelihood.
    """
    loss = computed(subject)["loss"]
    said = [require_close(found, loss, name) for name, found in mapped(subject).items()]
    couples = subject.head.couples_batch
    note = ", over samples only: couples the batch" if couples else ""
    return f"{max(said)} nats{note}"


def a_coupled_batch_has_one_number(subject: Subject) -> str:
    """A head that compares whole batches gives each example the same loss.

    The mean over the batch, which training minimises, is then that number.
    """
    if not subject.head.couples_batch:
        raise NotApplicable("the head scores examples one by one")
    loss = computed(subject)["loss"]
    require((loss == loss[:, :1]).all(), f"losses in a batch differ: {loss}")
    return ""


def raw_numbers_may_come_from_a_wrapper(subject: Subject) -> str:
    """`elements(None, raw=...)` is the distribution that the features give.

    Mixtures and composite heads project once, and hand each child its share.
    """
    found, head = computed(subject), subject.head
    parts = np.asarray(found["through raw"])
    total = -parts.sum(
        tuple(range(parts.ndim - len(head.attribution_shape), parts.ndim))
    )
    if head.couples_batch:
        total = np.repeat(total[:, None], B, 1)
    # Raw numbers were made by numpy: 1e-6 in them moves steep densities.
    return f"{require_close(total, found['loss'], 'through raw', 1e-4, 1e-4)} nats"


def half_precision_features_give_float32(subject: Subject) -> str:
    """bfloat16 features and values give float32 log-probabilities.

    Summed over an image, bfloat16 would lose whole nats.
    """
    for verb, found in shapes(subject, jnp.bfloat16).items():
        if verb in ("reconstruction_loss", "log_prob", "log_prob_per_dimension"):
            require(found.dtype == jnp.float32, f"{verb} has dtype {found.dtype}")
    return ""


def equal_heads_share_one_trace(subject: Subject) -> str:
    """Heads of equal fields are equal, hash alike and compile once.

    A head with an array or a list that is compared by identity would compile a step
    anew for every copy of the model.
    """
    traces = []

    def loss(head: Any, variables: Any, features: Any, x: Any) -> Any:
        traces.append(head)
        return head.apply(
            variables,
            features,
            x,
            axes=subject.axes,
            method="reconstruction_loss",
            rngs={"sample": jax.random.key(0)},
        )

    jitted = jax.jit(loss, static_argnums=0)
    arguments = subject.variables, subject.features, subject.x
    jitted.eval_shape(subject.head, *arguments)
    jitted.eval_shape(subject.resized(subject.head.event_shape), *arguments)
    jitted.eval_shape(subject.head.copy(), *arguments)
    require(len(traces) == 1, f"three equal heads were traced {len(traces)} times")
    return ""
