// The kernels of kernels.py in C, with 64-bit ints that nobody checks. Arguments come at run time, so nothing is folded away
// but what clang finds a closed form for.

#include <stdint.h>

int64_t sum_loop(int64_t a) {
    int64_t b = 0, i = 0;
    while (i < a) {
        b = b + i;
        i = i + 1;
    }
    return b;
}

int64_t mandelbrot(int64_t width, int64_t height, int64_t limit) {
    int64_t inside = 0;
    for (int64_t row = 0; row < height; row++) {
        for (int64_t column = 0; column < width; column++) {
            double cr = 3.0 * column / width - 2.0;
            double ci = 2.0 * row / height - 1.0;
            double zr = 0.0, zi = 0.0;
            int64_t turn = 0;
            while (turn < limit && zr * zr + zi * zi <= 4.0) {
                double t = zr * zr - zi * zi + cr;
                zi = 2.0 * zr * zi + ci;
                zr = t;
                turn += 1;
            }
            if (turn == limit)
                inside += 1;
        }
    }
    return inside;
}

double logistic(double r, double x, int64_t turns) {
    for (int64_t i = 0; i < turns; i++)
        x = r * x * (1.0 - x);
    return x;
}

double nested_float(int64_t n) {
    double total = 0.0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            total += 1.0 / (i + j + 1.0);
    return total;
}

double newton_sqrt(int64_t n) {
    double total = 0.0;
    for (int64_t i = 1; i < n; i++) {
        double x = i * 1.0;
        double guess = x;
        for (int turn = 0; turn < 12; turn++)
            guess = 0.5 * (guess + x / guess);
        total += guess;
    }
    return total;
}

int64_t collatz(int64_t limit) {
    int64_t longest = 0;
    for (int64_t start = 1; start < limit; start++) {
        int64_t n = start, steps = 0;
        while (n != 1) {
            if (n % 2 == 0)
                n = n / 2;
            else
                n = 3 * n + 1;
            steps += 1;
        }
        if (steps > longest)
            longest = steps;
    }
    return longest;
}

int64_t gcd_sum(int64_t n) {
    int64_t total = 0;
    for (int64_t i = 1; i < n; i++) {
        for (int64_t j = 1; j < i; j++) {
            int64_t a = i, b = j;
            while (b != 0) {
                int64_t t = a % b;
                a = b;
                b = t;
            }
            total += a;
        }
    }
    return total;
}

int64_t primes(int64_t limit) {
    int64_t count = 0;
    for (int64_t n = 2; n < limit; n++) {
        int64_t d = 2;
        int prime = 1;
        while (d * d <= n) {
            if (n % d == 0) {
                prime = 0;
                break;
            }
            d += 1;
        }
        if (prime)
            count += 1;
    }
    return count;
}

int64_t fibonacci_mod(int64_t n, int64_t m) {
    int64_t a = 0, b = 1;
    for (int64_t i = 0; i < n; i++) {
        int64_t t = (a + b) % m;
        a = b;
        b = t;
    }
    return a;
}

int64_t squares_mod_7(int64_t n) {
    int64_t total = 0;
    for (int64_t i = 0; i < n; i++)
        total += i * i % 7;
    return total;
}

int64_t lcg(int64_t n) {
    uint64_t x = 1, total = 0;
    for (int64_t i = 0; i < n; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        total ^= x >> 33;
    }
    return (int64_t)total;
}

int64_t fnv1a(int64_t n) {
    uint64_t h = 14695981039346656037u;
    for (int64_t i = 0; i < n; i++)
        h = (h ^ (uint64_t)(i & 255)) * 1099511628211u;
    return (int64_t)(h >> 1);
}

int64_t xorshift(int64_t n) {
    uint64_t x = 88172645463325252u;
    for (int64_t i = 0; i < n; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return (int64_t)(x >> 1);
}

int64_t modular_power(int64_t n, int64_t m) {
    int64_t total = 0;
    for (int64_t base = 0; base < n; base++) {
        int64_t power = 1, square = base % m, exponent = m - 2;
        while (exponent > 0) {
            if (exponent & 1)
                power = power * square % m;
            square = square * square % m;
            exponent >>= 1;
        }
        total += power;
    }
    return total;
}

int64_t multiples(int64_t n) {
    int64_t total = 0;
    for (int64_t i = 1; i < n; i++)
        for (int64_t j = i; j < n; j += i)
            total += j & 7;
    return total;
}

int64_t fib(int64_t n) {
    if (n < 2)
        return n;
    return fib(n - 1) + fib(n - 2);
}

int64_t tak(int64_t x, int64_t y, int64_t z) {
    if (y >= x)
        return z;
    return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}
