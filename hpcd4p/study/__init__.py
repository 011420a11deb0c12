"""How a scaling study is made: points, attempts, the results file, the report."""
