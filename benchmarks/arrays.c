// The kernels of arrays.py in C: an array is a pointer and its lengths, and its strides in bytes if they are free. Nothing is
// `restrict`, no index is checked, negative indices are not looked for; Python's ints are 64 bits.

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

double dot(const double *a, int64_t n, const double *b, int64_t bn) {
    double total = 0.0;
    for (int64_t i = 0; i < n; i++)
        total += a[i] * b[i];
    return total;
}

int64_t dot_int(const int64_t *a, int64_t n, const int64_t *b, int64_t bn) {
    uint64_t total = 0;
    for (int64_t i = 0; i < n; i++)
        total += (uint64_t)a[i] * (uint64_t)b[i];
    return (int64_t)total;
}

double dot_strided(const char *a, int64_t n, int64_t a_stride, const char *b, int64_t bn, int64_t b_stride) {
    double total = 0.0;
    for (int64_t i = 0; i < n; i++)
        total += *(const double *)(a + i * a_stride) * *(const double *)(b + i * b_stride);
    return total;
}

void saxpy(float *y, int64_t n, const float *x, int64_t xn, float alpha, int64_t turns) {
    for (int64_t turn = 0; turn < turns; turn++)
        for (int64_t i = 0; i < n; i++)
            y[i] += alpha * x[i];
}

void norms(const double *x, int64_t n, const double *y, int64_t yn, double *out, int64_t on, int64_t turns) {
    for (int64_t turn = 0; turn < turns; turn++)
        for (int64_t i = 0; i < n; i++)
            out[i] = sqrt(x[i] * x[i] + y[i] * y[i]);
}

void matmul(const double *a, int64_t rows, int64_t inner, const double *b, int64_t bn, int64_t columns, double *c, int64_t cn,
            int64_t cm) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) {
            double total = 0.0;
            for (int64_t k = 0; k < inner; k++)
                total += a[i * inner + k] * b[k * columns + j];
            c[i * cm + j] = total;
        }
}

void matmul_rows(const float *a, int64_t rows, int64_t inner, const float *b, int64_t bn, int64_t columns, float *c, int64_t cn,
                 int64_t cm) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t k = 0; k < inner; k++) {
            float factor = a[i * inner + k];
            for (int64_t j = 0; j < columns; j++)
                c[i * cm + j] += factor * b[k * columns + j];
        }
}

void jacobi(double *old, int64_t rows, int64_t columns, double *new, int64_t nn, int64_t nm, int64_t turns) {
    int64_t m = columns;
    for (int64_t turn = 0; turn < turns; turn++) {
        for (int64_t i = 1; i < rows - 1; i++)
            for (int64_t j = 1; j < columns - 1; j++)
                new[i * m + j] =
                    0.25 * (old[(i - 1) * m + j] + old[(i + 1) * m + j] + old[i * m + j - 1] + old[i * m + j + 1]);
        double *other = old;
        old = new;
        new = other;
    }
}

void gauss_seidel(double *a, int64_t n, int64_t m, int64_t turns) {
    for (int64_t turn = 0; turn < turns; turn++)
        for (int64_t i = 1; i < n - 1; i++)
            for (int64_t j = 1; j < m - 1; j++)
                a[i * m + j] = 0.25 * (a[(i - 1) * m + j] + a[(i + 1) * m + j] + a[i * m + j - 1] + a[i * m + j + 1]);
}

void laplacian(const float *a, int64_t n, int64_t m, int64_t l, float *out, int64_t on, int64_t om, int64_t ol, float centre) {
    for (int64_t i = 1; i < n - 1; i++)
        for (int64_t j = 1; j < m - 1; j++)
            for (int64_t k = 1; k < l - 1; k++)
                out[(i * om + j) * ol + k] =
                    a[((i - 1) * m + j) * l + k] + a[((i + 1) * m + j) * l + k] + a[(i * m + j - 1) * l + k] +
                    a[(i * m + j + 1) * l + k] + a[(i * m + j) * l + k - 1] + a[(i * m + j) * l + k + 1] -
                    centre * a[(i * m + j) * l + k];
}

void floyd_warshall(int32_t *distance, int64_t n, int64_t m) {
    for (int64_t k = 0; k < n; k++)
        for (int64_t i = 0; i < n; i++) {
            int32_t first = distance[i * m + k];
            for (int64_t j = 0; j < n; j++) {
                int32_t through = (int32_t)((uint32_t)first + (uint32_t)distance[k * m + j]);
                if (through < distance[i * m + j])
                    distance[i * m + j] = through;
            }
        }
}

void life(uint8_t *old, int64_t rows, int64_t columns, uint8_t *new, int64_t nn, int64_t nm, int64_t turns) {
    int64_t m = columns;
    for (int64_t turn = 0; turn < turns; turn++) {
        for (int64_t i = 1; i < rows - 1; i++)
            for (int64_t j = 1; j < columns - 1; j++) {
                uint8_t around = old[(i - 1) * m + j - 1] + old[(i - 1) * m + j] + old[(i - 1) * m + j + 1] +
                                 old[i * m + j - 1] + old[i * m + j + 1] + old[(i + 1) * m + j - 1] + old[(i + 1) * m + j] +
                                 old[(i + 1) * m + j + 1];
                new[i * m + j] = around == 3 || (around == 2 && old[i * m + j] == 1);
            }
        uint8_t *other = old;
        old = new;
        new = other;
    }
}

void transpose(const int32_t *a, int64_t an, int64_t am, int32_t *out, int64_t n, int64_t m) {
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++)
            out[i * m + j] = a[j * am + i];
}

void row_maxima(const double *a, int64_t n, int64_t m, double *out, int64_t on) {
    for (int64_t i = 0; i < n; i++) {
        const double *row = a + i * m;
        double greatest = row[0];
        for (int64_t j = 1; j < m; j++)
            if (row[j] > greatest)
                greatest = row[j];
        out[i] = greatest;
    }
}

int64_t sieve(bool *flags, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        flags[i] = i > 1;
    for (int64_t i = 2; i * i < n; i++)
        if (flags[i])
            for (int64_t j = i * i; j < n; j += i)
                flags[j] = false;
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        if (flags[i])
            count += 1;
    return count;
}

int64_t sieve_while(uint8_t *composite, int64_t n) {
    int64_t count = 0, i = 2;
    while (i < n) {
        if (composite[i] == 0) {
            count += 1;
            int64_t j = i * i;
            while (j < n) {
                composite[j] = 1;
                j += i;
            }
        }
        i += 1;
    }
    return count;
}

int64_t levenshtein(const uint8_t *a, int64_t n, const uint8_t *b, int64_t m, int64_t *row, int64_t rn) {
    for (int64_t j = 0; j < m + 1; j++)
        row[j] = j;
    for (int64_t i = 0; i < n; i++) {
        int64_t diagonal = row[0];
        row[0] = i + 1;
        for (int64_t j = 0; j < m; j++) {
            int64_t best = diagonal;
            if (a[i] != b[j]) {
                if (row[j] < best)
                    best = row[j];
                if (row[j + 1] < best)
                    best = row[j + 1];
                best += 1;
            }
            diagonal = row[j + 1];
            row[j + 1] = best;
        }
    }
    return row[m];
}

void black_scholes(const double *spot, int64_t n, const double *strike, int64_t sn, const double *time, int64_t tn, double rate,
                   double volatility, double *call, int64_t cn, double *put, int64_t pn) {
    for (int64_t i = 0; i < n; i++) {
        double root = sqrt(time[i]);
        double first = (log(spot[i] / strike[i]) + (rate + 0.5 * volatility * volatility) * time[i]) / (volatility * root);
        double second = first - volatility * root;
        double discounted = strike[i] * exp(-rate * time[i]);
        double up = 0.5 * (1.0 + erf(first / sqrt(2.0)));
        double down = 0.5 * (1.0 + erf(second / sqrt(2.0)));
        call[i] = spot[i] * up - discounted * down;
        put[i] = discounted * (1.0 - down) - spot[i] * (1.0 - up);
    }
}

void n_body(double *position, int64_t pn, int64_t pm, double *velocity, int64_t vn, int64_t vm, const double *mass, int64_t n,
            double step, int64_t turns) {
    for (int64_t turn = 0; turn < turns; turn++) {
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++)
                if (i != j) {
                    double dx = position[j * pm] - position[i * pm];
                    double dy = position[j * pm + 1] - position[i * pm + 1];
                    double dz = position[j * pm + 2] - position[i * pm + 2];
                    double squared = dx * dx + dy * dy + dz * dz + 0.01;
                    double pull = step * mass[j] / (squared * sqrt(squared));
                    velocity[i * vm] += pull * dx;
                    velocity[i * vm + 1] += pull * dy;
                    velocity[i * vm + 2] += pull * dz;
                }
        for (int64_t i = 0; i < n; i++)
            for (int64_t axis = 0; axis < 3; axis++)
                position[i * pm + axis] += step * velocity[i * vm + axis];
    }
}

void prefix_sum(const int64_t *a, int64_t n, int64_t *out, int64_t on) {
    uint64_t total = 0;
    for (int64_t i = 0; i < n; i++) {
        total += (uint64_t)a[i];
        out[i] = (int64_t)total;
    }
}

void reverse(int32_t *a, int64_t n, int64_t turns) {
    for (int64_t turn = 0; turn < turns; turn++) {
        int64_t i = 0, j = n - 1;
        while (i < j) {
            int32_t kept = a[i];
            a[i] = a[j];
            a[j] = kept;
            i += 1;
            j -= 1;
        }
    }
}

int64_t count_above(const float *a, int64_t n, float limit) {
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        if (a[i] > limit)
            count += 1;
    return count;
}

void bubble_sort(int64_t *a, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n - 1 - i; j++)
            if (a[j] > a[j + 1]) {
                int64_t kept = a[j];
                a[j] = a[j + 1];
                a[j + 1] = kept;
            }
}

void histogram(const uint8_t *data, int64_t n, int64_t *counts, int64_t bins) {
    for (int64_t i = 0; i < n; i++)
        counts[data[i]] += 1;
}

void histogram_float(const double *data, int64_t n, int64_t *counts, int64_t bins) {
    for (int64_t i = 0; i < n; i++)
        counts[(int64_t)(data[i] * bins)] += 1;
}

void gather(const double *values, int64_t vn, const int32_t *index, int64_t n, double *out, int64_t on) {
    for (int64_t i = 0; i < n; i++)
        out[i] = values[index[i]];
}
