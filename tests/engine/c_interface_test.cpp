// The same test as C++11 without exceptions and run-time type information.
#include "c_interface_test.c"
