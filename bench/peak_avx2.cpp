#include "bench/peak.inc"

double vgg16::multiply_adds_avx2(int64_t rounds) { return multiply_adds(rounds); }
