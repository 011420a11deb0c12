"""The test kit that is shipped.

A whole cluster in one process, in virtual time, with seeded faults (`cluster`); and what every broker and
mesh keeps, as a suite by which any transport can be tried (`conformance`).
"""
