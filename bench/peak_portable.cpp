#include "bench/peak.inc"

double vgg16::multiply_adds_portable(int64_t rounds) { return multiply_adds(rounds); }
