"""What runs and studies have given, for your own analysis.

`hpcd4p.open` gives a run, `load` and `rows` the attempts of a study.
"""

from hpcd4p.results.studies import load as load
from hpcd4p.results.studies import rows as rows
