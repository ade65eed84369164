from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.student_t import StudentT


def student_t(raw):
    return stats.t(2 + softplus(raw[2]), raw[0], 0.01 + softplus(raw[1]))


CASES = [
    Case(
        StudentT(min_scale=0.01),
        lambda raw, x: student_t(raw).logpdf(x),
        (-1.0, 0.2, 300.0),
        moments={
            "mean": lambda raw: student_t(raw).mean(),
            "entropy": lambda raw: student_t(raw).entropy(),
        },
    )
]
REFUSED = [(StudentT, {"min_df": 0.0}), (StudentT, {"min_df": float("nan")})]
