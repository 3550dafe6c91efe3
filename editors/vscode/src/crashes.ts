// How often the server may crash before it is left alone.
//
// Enters: the times of crashes. Leaves: whether to start it again. Knows no editor.

/** Crashes within the window that are too many. */
export const LIMIT = 5;

/** In milliseconds. */
export const WINDOW = 3 * 60 * 1000;

/** Counts the crashes of one server. */
export class Crashes {
  #times: number[] = [];

  /** Notes a crash. True if the server is to be started again. */
  note(now: number): boolean {
    this.#times = this.#times.filter((time) => now - time < WINDOW);
    this.#times.push(now);
    return this.#times.length < LIMIT;
  }

  /** What was is no more: the user has started the server. */
  forget(): void {
    this.#times = [];
  }
}
