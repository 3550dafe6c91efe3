// What benchmarks have found, and how they are run.
//
// Enters: what `brrr bench` writes. Leaves: its arguments, and the text of the lens. Knows no editor.

import { createHash } from 'node:crypto';

/** The part of what `brrr bench --save` writes that is used here. */
export interface Report {
  equal: boolean;
  speedup?: number;
}

/** A benchmark that was run. */
export interface Entry {
  /** The arguments that the function was called with. */
  args: string;
  /** How many times as fast as CPython; none if the results differ. */
  speedup: number | undefined;
  /** In milliseconds, as `Date.now()` gives it. */
  time: number;
  /** Of the function's text at that time. */
  hash: string;
}

/** The part of the command's output that matters, or nothing if it is not what it should be. */
export function reportOf(text: string): Report | undefined {
  try {
    const said: unknown = JSON.parse(text);
    if (typeof said !== 'object' || said === null || !('equal' in said) || typeof said.equal !== 'boolean') {
      return undefined;
    }
    const speedup = 'speedup' in said && typeof said.speedup === 'number' ? said.speedup : undefined;
    return speedup === undefined ? { equal: said.equal } : { equal: said.equal, speedup };
  } catch {
    return undefined;
  }
}

/** What tells whether a function was edited; blanks at the ends of lines make no difference. */
export function hashOf(text: string): string {
  const lines = text.split(/\r?\n/).map((line) => line.trimEnd());
  return createHash('sha256').update(lines.join('\n').trim()).digest('hex').slice(0, 16);
}

/** The speed, `43x` or `0.85x`. */
export function speedText(speedup: number): string {
  if (speedup >= 100) {
    return `${Math.round(speedup).toLocaleString('en-US')}x`;
  }
  return `${speedup >= 10 ? Math.round(speedup) : Number(speedup.toPrecision(2))}x`;
}

/**
 * The text of the lens.
 *
 * @param hash of the function's text as it stands now
 */
export function lensText(entry: Entry, hash: string, now: number): string {
  const speed = entry.speedup === undefined ? 'differs from CPython' : `${speedText(entry.speedup)} CPython`;
  const [then, today] = [new Date(entry.time), new Date(now)];
  const options: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' };
  if (then.getFullYear() !== today.getFullYear()) {
    options.year = 'numeric';
  }
  const date = then.toLocaleDateString('en-GB', options);
  return `${speed}, ${date}${entry.hash === hash ? '' : ' (stale: edited since)'}`;
}

/** Arguments to begin with, for parameters of these types. */
export function guessedArguments(parameters: readonly string[]): string {
  const values = parameters.map(guess);
  return values.length === 1 ? `(${values[0]},)` : `(${values.join(', ')})`;
}

function guess(type: string): string {
  const array = /^(\w+)\[(.*)\]$/.exec(type);
  if (array !== null && array[1] !== 'tuple') {
    const [, element = '', layout = ''] = array;
    const dimensions = layout.split(',').length;
    const shape = dimensions === 1 ? '100_000' : `(${Array(dimensions).fill('300').join(', ')})`;
    return element.startsWith('float') ? `np.full(${shape}, 0.5, "${element}")` : `np.ones(${shape}, "${element}")`;
  }
  switch (type) {
    case 'int':
      return '1000';
    case 'float':
      return '0.5';
    case 'bool':
      return 'True';
    case 'complex':
      return '0.5j';
    case 'None':
      return 'None';
    default:
      return /^(?:u?int|float|complex|bool)\d*_?$/.test(type) ? `np.${type}(1)` : '...';
  }
}

/** The arguments of the command `brrr`. */
export function benchCommand(
  file: string,
  name: string,
  args: string,
  save: string,
  interpreter: string | undefined,
): string[] {
  const command = ['bench', `${file}::${name}`, '--args', args, '--save', save];
  return interpreter === undefined ? command : [...command, '--python', interpreter];
}
