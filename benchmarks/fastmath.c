// The kernels of fastmath.py in C, to be compiled with -ffast-math and glibc's vector library.

#include <math.h>
#include <stdint.h>

#define KERNEL(name) void name(const double *restrict x, const double *restrict y, double *restrict out, int64_t n)

KERNEL(dot) {
    double total = 0.0;
    for (int64_t i = 0; i < n; i++)
        total += x[i] * y[i];
    out[0] = total;
}

KERNEL(variance) {
    double total = 0.0, squares = 0.0;
    for (int64_t i = 0; i < n; i++) {
        total += x[i];
        squares += x[i] * x[i];
    }
    out[0] = squares - total * total / (double)n;
}

KERNEL(horner) {
    for (int64_t i = 0; i < n; i++) {
        double t = x[i];
        out[i] = ((((0.1 * t + 0.2) * t + 0.3) * t + 0.4) * t + 0.5) * t + 0.6;
    }
}

KERNEL(exponentials) {
    for (int64_t i = 0; i < n; i++)
        out[i] = exp(-x[i] * y[i]);
}

KERNEL(rotations) {
    for (int64_t i = 0; i < n; i++)
        out[i] = sin(x[i]) * y[i] + cos(x[i]) * x[i];
}

KERNEL(powers) {
    for (int64_t i = 0; i < n; i++)
        out[i] = pow(x[i], y[i]);
}

KERNEL(entropy) {
    double total = 0.0;
    for (int64_t i = 0; i < n; i++)
        total -= x[i] * log(x[i]);
    out[0] = total;
}

KERNEL(softmax_sum) {
    double total = 0.0;
    for (int64_t i = 0; i < n; i++)
        total += exp(x[i] - 1.0);
    out[0] = total;
}

KERNEL(waves) {
    double total = 0.0;
    for (int64_t i = 0; i < n; i++)
        total += sin(i * 0.001) * y[i];
    out[0] = total;
}

KERNEL(sigmoid) {
    for (int64_t i = 0; i < n; i++)
        out[i] = 1.0 / (1.0 + exp(-x[i]));
}

KERNEL(black_scholes) {
    for (int64_t i = 0; i < n; i++) {
        double spot = 80.0 + 40.0 * x[i];
        double root = 0.3 * sqrt(y[i]);
        double d1 = (log(spot / 100.0) + (0.02 + 0.045) * y[i]) / root;
        double d2 = d1 - root;
        out[i] = spot * 0.5 * erfc(-d1 * 0.7071067811865476) -
                 100.0 * exp(-0.02 * y[i]) * 0.5 * erfc(-d2 * 0.7071067811865476);
    }
}
