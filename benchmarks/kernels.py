"""The kernels as plain Python functions: brrr and Numba compile these, CPython runs them, kernels.c has them in C.

`KERNELS` gives each its arguments: about 10 to 20 ms of work in C.
"""


def sum_loop(a):
    b = 0
    i = 0
    while i < a:
        b = b + i
        i = i + 1
    return b


def mandelbrot(width, height, limit):
    inside = 0
    for row in range(height):
        for column in range(width):
            cr = 3.0 * column / width - 2.0
            ci = 2.0 * row / height - 1.0
            zr = 0.0
            zi = 0.0
            turn = 0
            while turn < limit and zr * zr + zi * zi <= 4.0:
                t = zr * zr - zi * zi + cr
                zi = 2.0 * zr * zi + ci
                zr = t
                turn += 1
            if turn == limit:
                inside += 1
    return inside


def logistic(r, x, turns):
    for _ in range(turns):
        x = r * x * (1.0 - x)
    return x


def nested_float(n):
    total = 0.0
    for i in range(n):
        for j in range(n):
            total += 1.0 / (i + j + 1.0)
    return total


def newton_sqrt(n):
    total = 0.0
    for i in range(1, n):
        x = i * 1.0
        guess = x
        for _ in range(12):
            guess = 0.5 * (guess + x / guess)
        total += guess
    return total


def collatz(limit):
    longest = 0
    for start in range(1, limit):
        n = start
        steps = 0
        while n != 1:
            if n % 2 == 0:
                n = n // 2
            else:
                n = 3 * n + 1
            steps += 1
        if steps > longest:
            longest = steps
    return longest


def gcd_sum(n):
    total = 0
    for i in range(1, n):
        for j in range(1, i):
            a = i
            b = j
            while b != 0:
                a, b = b, a % b
            total += a
    return total


def primes(limit):
    count = 0
    for n in range(2, limit):
        d = 2
        prime = True
        while d * d <= n:
            if n % d == 0:
                prime = False
                break
            d += 1
        if prime:
            count += 1
    return count


def fibonacci_mod(n, m):
    a = 0
    b = 1
    for _ in range(n):
        a, b = b, (a + b) % m
    return a


def squares_mod_7(n):
    total = 0
    for i in range(n):
        total += i * i % 7
    return total


def lcg(n):
    x = 42
    for _ in range(n):
        x = (x * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
    return x >> 1


def lcg_31(n):
    x = 42
    for _ in range(n):
        x = (x * 1103515245 + 12345) % 2147483648
    return x


def fnv1a(n):
    h = 0xCBF29CE484222325
    for i in range(n):
        h ^= i & 255
        h = (h * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h >> 1


def xorshift(n):
    x = 88172645463325252
    for _ in range(n):
        x ^= (x << 13) & 0xFFFFFFFFFFFFFFFF
        x ^= x >> 7
        x ^= (x << 17) & 0xFFFFFFFFFFFFFFFF
    return x >> 1


def power_mod(n, m):
    total = 0
    for i in range(n):
        base = i + 2
        exponent = m - 2
        result = 1
        while exponent > 0:
            if exponent & 1:
                result = result * base % m
            base = base * base % m
            exponent >>= 1
        total = (total + result) % m
    return total


def multiples(limit):
    count = 0
    p = 2
    while p * p < limit:
        j = p * p
        while j < limit:
            count += j & 1
            j += p
        p += 1
    return count


KERNELS = [
    (sum_loop, (10_000_000,)),
    (mandelbrot, (400, 300, 200)),
    (logistic, (3.7, 0.5, 10_000_000)),
    (nested_float, (3_000,)),
    (newton_sqrt, (500_000,)),
    (collatz, (150_000,)),
    (gcd_sum, (1_000,)),
    (primes, (200_000,)),
    (fibonacci_mod, (4_000_000, 1_000_000_007)),
    (squares_mod_7, (10_000_000,)),
    (lcg, (3_000_000,)),
    (lcg_31, (3_000_000,)),
    (fnv1a, (3_000_000,)),
    (xorshift, (2_000_000,)),
    (power_mod, (10_000, 2_305_843_009_213_693_951)),
    (multiples, (1_000_000,)),
]

# Those whose time goes into ints that brrr checks.
CHECKED = (
    "collatz", "gcd_sum", "primes", "squares_mod_7", "fibonacci_mod", "lcg", "lcg_31", "fnv1a", "xorshift", "power_mod", "multiples",
)
