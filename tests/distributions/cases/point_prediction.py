from tests.distributions.case import Case

CASE = Case(parameters={"loc": [-1.0, 0.0, 2.0]}, extremes={"loc": [-1e4, 1e4]})
