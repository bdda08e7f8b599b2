"""Linear recurrences, whose gates do not depend on the state: c_t = a_t ∘ c_{t-1} + b_t, element by element.

    linear_scan(a, b, c)     the general one
    forget_mult(f, x, c)     a = f, b = (1 - f) ∘ x: the recurrence of SRU and QRNN

a, b, f, x (T, B, H), the state c (B, H); returns all states (T, B, H). States have the type of c.
Each has a plain form, `..._reference`.
"""

from onlstm_parse.ops.linear_scan.fast import forget_mult, linear_scan
from onlstm_parse.ops.linear_scan.reference import forget_mult_reference, linear_scan_reference

__all__ = ["forget_mult", "forget_mult_reference", "linear_scan", "linear_scan_reference"]
