import mpmath
from scipy import stats

from tests.distributions.case import Case


def exact(x, df, loc, scale):
    z = (x - loc) / scale
    gammas = mpmath.loggamma((df + 1) / 2) - mpmath.loggamma(df / 2)
    constant = gammas - mpmath.log(df * mpmath.pi) / 2 - mpmath.log(scale)
    return constant - (df + 1) / 2 * mpmath.log1p(z * z / df)


def twin(df, loc, scale):
    return stats.t(df, loc, scale)


CASE = Case(
    parameters={
        "df": [2.5, 3.0, 4.0, 7.5, 60.0, 1e5],
        "loc": [0.0, -2.0, 0.5, 3.0, 0.0, 1.0],
        "scale": [1.0, 0.5, 3.0, 0.2, 1.0, 2.0],
    },
    extremes={
        "df": [1e-6, 1e-6, 1e4, 1e4, 1e-6, 1e30, 1e30, 0.5],
        "loc": [0.0, 1e4, -1e4, 1e4, -1e4, 1e4, 0.0, 0.0],
        "scale": [1e-6, 1e-6, 1e-6, 1e4, 1e4, 1e-3, 1e4, 1.0],
    },
    edges=[-1e30, -1e4, 0.0, 1e4, 1e30],
    log_prob=lambda x, **p: twin(**p).logpdf(x),
    cdf=lambda x, **p: twin(**p).cdf(x),
    exact=exact,
    large={
        "df": [1e2, 1e4, 1e6, 1e8, 1e12, 1e17, 1e6, 0.01, 1e-3, 1.0, 3.0, 5.0],
        "loc": [0.0, 1.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1e6],
        "scale": [1.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 1e-3, 1e4, 1.0],
        "value": [30.0, 3.0, 2.0, 3.0, 5.5, 1.0, 5e3, 1e5, 1.0, 1e30, 1e20, 1e6 + 2],
    },
)
