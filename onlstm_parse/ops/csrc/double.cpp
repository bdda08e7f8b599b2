// What Python calls with tensors in double: a library of its own, for it is there to check others with.
#include "exports.h"

EXPORT_EXACT(f64, double)
EXPORT_PASSES(f64, double, double)
EXPORT_PRODUCTS(f64, double, double)
