"""A module of heads of the user's own, some of which do not work."""

HEAD = '''\
import distrax
from vaex.likelihoods.base import Likelihood, positive


class MyHead(Likelihood):
    """p(x|z) = prod_d StudentT(x_d; k, loc_d, scale_d)."""

    k: int = 2
    num_params = 2

    def distribution(self, loc, raw_scale):
        return distrax.Laplace(loc, positive(raw_scale, self.min_scale) / self.k)


class Stubborn(Likelihood):
    def __post_init__(self):
        super().__post_init__()
        raise ValueError("not today")


class Undefined(Likelihood):
    num_params = 2

    def distribution(self, loc, raw_scale):
        return distrax.Laplace(loc, float("nan") * raw_scale)


class Misspelt(Likelihood):
    def distribution(self, loc):
        return distrax.Laplase(loc, 1.0)


class Unfit(Likelihood):
    num_params = 3

    def distribution(self, loc, raw_scale):
        return distrax.Laplace(loc, positive(raw_scale, self.min_scale))
'''
