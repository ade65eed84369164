"""beta-TCVAE on probabilistic PCA."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.models.parts import Triangular
from tests.oracles.ppca import LATENT, ppca
from vaex.bounds.total_correlation import weighted_sampling
from vaex.errors import InputError
from vaex.objectives.evidence_lower_bound import elbo
from vaex.objectives.total_correlation import beta_tcvae
from vaex.training.hparams import numeric_parameters

N = 640
S = 3


def run(objective, **options):
    oracle = ppca(0.5, 1.4)
    model = oracle.model.clone(closed_form_kl=False)
    batch = {"x": jnp.asarray(oracle.x)}
    weights = {k: v for k, v in options.items() if isinstance(v, float)}
    static = {k: v for k, v in options.items() if k not in weights}

    @quick_jit
    def compiled(variables, weights):
        def call(model):
            return objective(
                model, batch, train=False, num_samples=S, **static, **weights
            )

        return nn.apply(call, model)(variables, rngs={"sample": jax.random.key(1)})

    loss, metrics = compiled(oracle.variables, weights)
    return float(loss), {name: float(value) for name, value in metrics.items()}


tcvae = functools.partial(run, beta_tcvae, num_examples=N)


@pytest.mark.parametrize("options", [{}, {"sampling": weighted_sampling}])
def test_unit_weights_are_the_sampled_elbo_whatever_the_sampling(options):
    loss, metrics = tcvae(beta=1.0, **options)
    plain, ledger = run(elbo)
    assert loss == pytest.approx(plain, rel=1e-5)
    for name, value in ledger.items():
        assert metrics[name] == pytest.approx(value, rel=1e-6)


def test_each_weight_changes_its_own_part():
    start = {"alpha": 1.0, "beta": 1.0, "gamma": 1.0}
    first, metrics = tcvae(**start)
    names = {
        "alpha": "mutual_information",
        "beta": "total_correlation",
        "gamma": "dimension_kl",
    }
    for weight, name in names.items():
        loss, _ = tcvae(**start | {weight: 3.0})
        assert loss - first == pytest.approx(2.0 * metrics[name], abs=1e-4)
    parts = sum(metrics[name] for name in names.values())
    assert parts == pytest.approx(metrics["rate"], abs=1e-4)


def test_pairs_are_of_samples_by_rows_and_examples_by_columns():
    """The mutual information against a direct double loop in float64."""
    oracle = ppca(0.5, 1.4)

    def call(model):
        q = model.encode({"x": jnp.asarray(oracle.x)})
        terms = model.terms(
            {"x": jnp.asarray(oracle.x)}, num_samples=S, train=False, posterior=q
        )
        return q.distribution.loc, q.distribution.scale, terms.z

    rngs = {"sample": jax.random.key(1)}
    found = quick_jit(lambda v: nn.apply(call, oracle.model)(v, rngs=rngs))(
        oracle.variables
    )
    loc, scale, z = (np.asarray(a, np.float64) for a in found)
    count, values = len(loc), []
    for s in range(S):
        for i in range(count):
            densities = np.array(
                [
                    -0.5 * ((z[s, i] - loc[j]) / scale[j]) ** 2
                    - np.log(scale[j])
                    - 0.5 * np.log(2 * np.pi)
                    for j in range(count)
                ]
            ).sum(1)
            weights = np.full(count, (N - 1) / (N * (count - 1)))
            weights[i] = 1 / N
            values.append(densities[i] - np.log(np.exp(densities) @ weights))
    _, metrics = tcvae()
    assert metrics["mutual_information"] == pytest.approx(np.mean(values), abs=1e-4)


def test_weights_are_traced():
    assert numeric_parameters(beta_tcvae) == {"alpha": 1.0, "beta": 6.0, "gamma": 1.0}


def test_a_posterior_that_does_not_factorise_is_refused():
    model = ppca().model.clone(posterior=Triangular(LATENT))

    def call(model):
        return beta_tcvae(model, {"x": jnp.zeros((4, 6))}, train=True, num_examples=9)

    with pytest.raises(InputError, match="factorises .* Triangular"):
        nn.init(call, model)({"params": jax.random.key(0), "sample": jax.random.key(1)})
