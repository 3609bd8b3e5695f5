#include "bench/peak.inc"

double vgg16::multiply_adds_avx512(int64_t rounds) { return multiply_adds(rounds); }
