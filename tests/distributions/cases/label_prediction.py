from tests.distributions.case import Case

CASE = Case(parameters={"logits": [-1.0, 0.0, 2.0]}, extremes={"logits": [-1e4, 1e4]})
