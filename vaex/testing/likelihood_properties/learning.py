"""A head can be trained: it finds the distribution that made the data."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from scipy import stats

from vaex.testing._compiled import quick_jit
from vaex.testing._outcome import NotApplicable, require
from vaex.testing._subject import Subject

TRAIN, STEPS = 600, 300


def maximum_likelihood_finds_the_distribution(subject: Subject) -> str:
    """Fitted to its own draws, a head does as well on new ones as the truth does.

    Within three standard errors of the held-out log-likelihood; and, example by
    example, no worse than as many free parameters lose by chance. Gradients that
    are wrong, vanish or explode at the start show here.
    """
    head = subject.head
    if not head.is_normalized:
        raise NotApplicable("a loss-only head has no density")
    optimizer = optax.adam(optax.cosine_decay_schedule(0.1, STEPS))
    features, truth = subject.features[0, :1], subject.variables

    @quick_jit
    def everything(truth: Any, start: Any, train: Any, test: Any) -> Any:
        def log_prob(params: Any, x: Any) -> Any:
            variables = {**truth, "params": params}
            return subject.apply("log_prob", features, x, variables=variables)

        def body(_: Any, carry: Any) -> Any:
            params, state = carry
            grads = jax.grad(lambda p: -log_prob(p, train).mean())(params)
            updates, state = optimizer.update(grads, state)
            return optax.apply_updates(params, updates), state

        carry = start["params"], optimizer.init(start["params"])
        fitted, _ = jax.lax.fori_loop(0, STEPS, body, carry)
        both = jax.tree.map(lambda *leaves: jnp.stack(leaves), fitted, truth["params"])
        return jax.lax.map(lambda params: log_prob(params, test), both)

    # Not at the start itself: components of a mixture that are equal stay equal.
    start = subject.moved(subject.start, 0.1)
    x = subject.draws.x[:, 0]
    found = everything(truth, start, x[:TRAIN], x[TRAIN:])
    fitted, true = (np.asarray(value, np.float64) for value in found)
    gain, count = fitted - true, len(true)
    error = true.std(ddof=1) / np.sqrt(count)
    # Wilks: twice the expected loss, times the number of fitted data, is chi-squared
    # with as many degrees of freedom as there are parameters.
    raw = int(np.prod(head.raw_shape, dtype=int))
    leaves = {k: jax.tree.leaves(v) for k, v in start["params"].items()}
    own = sum(v.size for k in leaves if k != "projection" for v in leaves[k])
    expected_loss = stats.chi2(raw + own).ppf(0.9999) / (2 * TRAIN)
    paired = gain.std(ddof=1) / np.sqrt(count)
    said = f"{gain.mean():+.4f} nats ({true.mean():.3f} +- {error:.3f} the truth)"
    require(abs(gain.mean()) < max(3 * error, 3 * expected_loss), said)
    require(
        gain.mean() > -expected_loss - 4 * paired,
        f"{said}, where chance loses {expected_loss:.4f}",
    )
    return said
