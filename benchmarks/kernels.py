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
    x = 1
    total = 0
    for _ in range(n):
        x = (x * 6364136223846793005 + 1442695040888963407) & 0xFFFF_FFFF_FFFF_FFFF
        total ^= x >> 33
    return total


def fnv1a(n):
    h = 14695981039346656037
    for i in range(n):
        h = ((h ^ (i & 255)) * 1099511628211) & 0xFFFF_FFFF_FFFF_FFFF
    return h >> 1


def xorshift(n):
    x = 88172645463325252
    for _ in range(n):
        x ^= (x << 13) & 0xFFFF_FFFF_FFFF_FFFF
        x ^= x >> 7
        x ^= (x << 17) & 0xFFFF_FFFF_FFFF_FFFF
    return x >> 1


def modular_power(n, m):
    total = 0
    for base in range(n):
        power = 1
        square = base % m
        exponent = m - 2
        while exponent > 0:
            if exponent & 1:
                power = power * square % m
            square = square * square % m
            exponent >>= 1
        total += power
    return total


def multiples(n):
    total = 0
    for i in range(1, n):
        for j in range(i, n, i):
            total += j & 7
    return total


def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def tak(x, y, z):
    if y >= x:
        return z
    return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))


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
    (lcg, (10_000_000,)),
    (fnv1a, (10_000_000,)),
    (xorshift, (5_000_000,)),
    (modular_power, (30_000, 1_000_000_007)),
    (multiples, (1_000_000,)),
    (fib, (32,)),
    (tak, (18, 12, 6)),
]

# Those whose time goes into ints that brrr checks.
CHECKED = (
    "collatz", "gcd_sum", "primes", "squares_mod_7", "fibonacci_mod", "lcg", "fnv1a", "xorshift", "modular_power", "multiples",
    "fib", "tak",
)
