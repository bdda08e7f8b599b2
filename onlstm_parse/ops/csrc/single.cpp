// What Python calls with tensors in float, also with bf16 products.
#include "exports.h"

EXPORT_EXACT(f32, float)
EXPORT_PASSES(f32, float, float)
EXPORT_PASSES(bf16, float, bf16)
EXPORT_PRODUCTS(f32, float, float)
#if defined(__AVX512BF16__)
EXPORT_PRODUCTS(bf16, float, bf16)
#endif

// Whether there are products in bf16, for which a processor needs instructions; fp32 is faster without them.
extern "C" int has_bf16() {
#if defined(__AVX512BF16__)
    return 1;
#else
    return 0;
#endif
}
