"""A VAE with one relaxed variable of two categories against quadrature of its line."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.models.parts import vae
from tests.models.running import start
from tests.models.test_categorical_latents import BATCH, B, assert_mean
from vaex.objectives.evidence_lower_bound import elbo
from vaex.posteriors.relaxed_categorical import RelaxedCategorical
from vaex.priors import relaxed_categorical as relaxed_priors


def relaxed_model() -> Any:
    """One relaxed variable of two categories: its simplex is a line."""
    sizes = {"num_variables": 1, "num_categories": 2}
    prior = relaxed_priors.RelaxedCategorical(**sizes, learned=True, temperature=0.8)
    return vae(posterior=RelaxedCategorical(**sizes, temperature=0.5), prior=prior)


def by_quadrature(params: Any) -> dict[str, Any]:
    """Masses of q and p, log p(x) and the ELBO [B], summed over the logit of z_1."""
    y = np.linspace(-25, 25, 2001)
    z = np.stack([1 / (1 + np.exp(-y)), 1 / (1 + np.exp(y))], -1)
    points = jnp.broadcast_to(z.astype(np.float32)[:, None], (len(z), B, 2))
    # dz_1 = z_1 z_2 dy.
    volume = (np.log(z).sum(-1)[:, None] + np.log(y[1] - y[0])).astype(np.float32)

    def densities(model: Any) -> Any:
        q, p = model.encode(BATCH), model.prior_distribution()
        log_px_z = model.decode(points).log_prob(BATCH["x"])
        return log_px_z, p.log_prob(points), q.log_prob(points)

    log_px_z, log_p, log_q = nn.apply(densities, relaxed_model())({"params": params})
    masses = jnp.stack([jnp.exp(d + volume).sum(0) for d in (log_p, log_q)])
    bound = (jnp.exp(log_q + volume) * (log_px_z + log_p - log_q)).sum(0)
    log_px = jax.nn.logsumexp(log_px_z + log_p + volume, 0)
    return {"masses": masses, "log_px": log_px, "elbo": bound}


@pytest.mark.slow
def test_the_relaxed_model_is_bounded_by_its_own_likelihood():
    model, draws = relaxed_model(), 20_000
    params = start(model, BATCH)["params"]

    @quick_jit
    def everything(params):
        def mean(params):
            found = by_quadrature(params)
            return -found["elbo"].mean(), found

        def slope(key):
            def loss(params):
                rngs = {"sample": key}
                run = nn.apply(lambda m: elbo(m, BATCH, train=True)[0], model)
                return run({"params": params}, rngs=rngs)

            return jax.grad(loss)(params)

        keys = jax.random.split(jax.random.key(0), draws)
        terms = model.apply(
            {"params": params},
            BATCH,
            num_samples=draws,
            train=True,
            rngs={"sample": jax.random.key(1)},
            method="terms",
        )
        expected, found = jax.grad(mean, has_aux=True)(params)
        return terms, jax.vmap(slope)(keys), expected, found

    terms, slopes, expected, found = jax.device_get(everything(params))
    np.testing.assert_allclose(found["masses"], 1.0, rtol=1e-4)  # cut off at +-25
    assert (found["elbo"] < found["log_px"] - 1e-3).all()
    log_w = terms.log_px_z + terms.log_pz - terms.log_qz_x
    assert terms.kl.shape == (draws, B, 1)
    assert_mean(np.exp(log_w - found["log_px"]), 1.0)
    assert_mean(log_w, found["elbo"])
    jax.tree.map(assert_mean, slopes, expected)
