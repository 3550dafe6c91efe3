"""What was measured, drawn: speed against C, time to the first result, break-even, compile time by size. SVG and PNG.

Enters: the measured JSON, as `report.py` reads it, and a folder. Colours are told apart by people who see few of them (Okabe and Ito).
"""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

# Below this the call from Python is what is timed: the compiler replaced the loop by a formula.
CLOSED_FORM = 100e-6
COLOURS = {
    "brrr": "#0072B2", "full": "#0072B2", "kept": "#56B4E9", "quick": "#E69F00", "numba": "#D55E00", "pythran": "#009E73",
    "gcc": "#999999", "cpython": "#CC79A7",
}  # fmt: skip
NAMES = {
    "brrr": "brrr", "full": "brrr, full tier", "kept": "brrr, code kept on disk", "quick": "brrr, quick tier", "numba": "Numba",
    "pythran": "Pythran", "gcc": "gcc", "cpython": "CPython",
}  # fmt: skip
STYLE = {
    "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#dddddd", "axes.axisbelow": True,
    "legend.frameon": False, "svg.hashsalt": "brrr", "figure.facecolor": "white",
}  # fmt: skip


def save(figure, folder, name):
    for ending in ("svg", "png"):
        # No date within: the same figures give the same file.
        said = {"Date": None} if ending == "svg" else {"Software": None}
        figure.savefig(folder / f"{name}.{ending}", dpi=130, bbox_inches="tight", metadata=said)
    plt.close(figure)


def speed(rows, folder):
    """Time against that of C by clang, a group of bars for each kernel."""
    rows = [row for row in rows if row["brrr"] and row["c"] >= CLOSED_FORM]
    peers = [peer for peer in ("brrr", "numba", "pythran", "gcc") if any(row.get(peer) for row in rows)]
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 8.5))
    half = (len(rows) + 1) // 2
    limit = 2.5
    for axes, part in ((left, rows[:half]), (right, rows[half:])):
        for place, peer in enumerate(peers):
            width = 0.8 / len(peers)
            at = [number + (place - (len(peers) - 1) / 2) * width for number in range(len(part))]
            ratios = [row[peer] / row["c"] if row.get(peer) else 0 for row in part]
            axes.barh(at, [min(one, limit) for one in ratios], width * 0.9, color=COLOURS[peer], label=NAMES[peer])
            for where, one in zip(at, ratios):
                if one > limit:
                    axes.text(limit, where, f" {one:.1f}", va="center", fontsize=6, color=COLOURS[peer])
        axes.axvline(1, color="black", linewidth=1)
        axes.set_yticks(range(len(part)), [row["kernel"] for row in part])
        axes.set_ylim(half - 0.4, -0.6)
        axes.set_xlim(0, limit * 1.06)
        axes.set_xlabel("time, C by clang -O3 = 1; shorter is faster")
        axes.grid(axis="y", visible=False)
    figure.tight_layout(w_pad=2)
    figure.legend(*left.get_legend_handles_labels(), loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(peers))
    save(figure, folder, "speed")


def first_result(found, folder):
    """Milliseconds from the start of the import to the result of the first call, stacked."""
    figure, axes = plt.subplots(figsize=(7, 2.2))
    peers = ("numba", "brrr", "kept")
    for place, peer in enumerate(peers):
        one = found[peer]
        axes.barh(place, one["import"], color=COLOURS[peer], alpha=0.45)
        axes.barh(place, one["first"], left=one["import"], color=COLOURS[peer])
        total = one["import"] + one["first"]
        axes.text(total, place, f"  {total:.1f} ms", va="center")
    axes.set_yticks(range(len(peers)), [NAMES[peer] for peer in peers])
    axes.set_xlabel("ms in a fresh process: import (pale), then decoration, compilation and the first call")
    axes.set_xlim(0, max(one["import"] + one["first"] for one in (found[peer] for peer in peers)) * 1.15)
    axes.grid(axis="y", visible=False)
    save(figure, folder, "first-result")


def break_even(curves, folder):
    figure, axes = plt.subplots(figsize=(7, 4))
    for peer, pairs in curves.items():
        turns, times = zip(*pairs)
        axes.loglog(turns, times, marker="o", markersize=3, color=COLOURS[peer], label=NAMES[peer])
    axes.set_xlabel("turns of the loop in the one call")
    axes.set_ylabel("ms, import and compilation included")
    axes.legend()
    save(figure, folder, "break-even")


def compile_time(rows, folder):
    figure, axes = plt.subplots(figsize=(7, 4))
    for peer in ("quick", "full", "numba"):
        pairs = [(row["lines"], row[peer] * 1e3) for row in rows if row[peer]]
        axes.loglog(*zip(*pairs), marker="o", markersize=4, color=COLOURS[peer], label=NAMES[peer])
    first = rows[0]
    axes.loglog(
        [row["lines"] for row in rows], [first["quick"] * 1e3 * row["lines"] / first["lines"] for row in rows],
        color="#888888", linewidth=1, linestyle="--", label="in proportion",
    )  # fmt: skip
    axes.set_xlabel("lines of the function")
    axes.set_ylabel("ms of processor time to the first result")
    axes.legend()
    save(figure, folder, "compile-time")


def draw(found, folder):
    folder.mkdir(parents=True, exist_ok=True)
    with plt.rc_context(STYLE):
        speed(found["kernels"] + found["arrays"], folder)
        first_result(found["startup"], folder)
        break_even(found["startup"]["curves"], folder)
        compile_time(found["size"]["rows"], folder)
