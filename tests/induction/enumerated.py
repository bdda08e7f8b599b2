"""All trees over a few words, to check with what is computed cleverly."""


def all_trees(start, stop):
    """The brackets of every binary tree over the words from `start` to `stop`."""
    if stop - start < 2:
        yield []
        return
    for middle in range(start + 1, stop):
        for one in all_trees(start, middle):
            for other in all_trees(middle, stop):
                yield [*one, *other, (start, stop)]
