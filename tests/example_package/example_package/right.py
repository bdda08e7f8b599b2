"""Right-branching, whatever the levels."""


def right_rule(levels):
    return [(start, len(levels)) for start in range(len(levels) - 2, -1, -1)]
