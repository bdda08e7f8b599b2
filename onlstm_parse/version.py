"""The toolkit's version: part of every run and of every score's signature."""

VERSION = "0.1.0"


def as_numbers(version: str) -> tuple[int, ...]:
    """A version's numbers, to compare by; a suffix such as `rc1` is left out.

    >>> as_numbers("0.10.0") > as_numbers("0.9.2rc1")
    True
    """
    return tuple(int(part) for part in version.split(".") if part.isdecimal())
