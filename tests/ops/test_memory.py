"""What is asked of the C library, and systems that have another one."""

import ctypes

from onlstm_parse.ops import memory


class Library:
    """Notes what is called."""

    def __init__(self):
        self.calls = []

    def mallopt(self, *arguments):
        self.calls.append(arguments)

    def malloc_trim(self, *arguments):
        self.calls.append(arguments)


def test_glibc_is_asked(monkeypatch):
    library = Library()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    memory.keep_freed_memory()
    assert (memory.M_MMAP_MAX, 0) in library.calls
    library.calls.clear()
    memory.return_freed_memory()
    assert library.calls == [(0,)]


def test_other_systems_are_left_alone(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())  # macOS: no such functions
    memory.keep_freed_memory()
    memory.return_freed_memory()

    def windows(name):
        raise TypeError("argument of type 'NoneType' is not iterable")

    monkeypatch.setattr(ctypes, "CDLL", windows)
    memory.keep_freed_memory()
    memory.return_freed_memory()
