// Which lines of a source and of a text of the compiler belong together.
//
// Enters: the server's mapping and a line. Leaves: runs of lines, first and last. Knows no editor.

import type { FunctionInfo, Position, Run } from './protocol';

export type Lines = readonly [number, number];

/** The lines of the text that belong to a line of the source, runs that touch each other joined. */
export function linesOfText(mapping: readonly Run[], line: number): Lines[] {
  return joined(mapping.filter((run) => run.line === line).map((run) => run.irLines));
}

/** The lines of the source that a line of the text belongs to. */
export function linesOfSource(mapping: readonly Run[], line: number): number[] {
  const lines = mapping.filter(({ irLines: [first, last] }) => first <= line && line <= last).map((run) => run.line);
  return [...new Set(lines)].sort((one, other) => one - other);
}

/** The longest run, the first of several. */
export function longest(runs: readonly Lines[]): Lines | undefined {
  return runs.reduce<Lines | undefined>((best, run) => {
    return best === undefined || run[1] - run[0] > best[1] - best[0] ? run : best;
  }, undefined);
}

function joined(runs: readonly Lines[]): Lines[] {
  const result: [number, number][] = [];
  for (const [first, last] of [...runs].sort((one, other) => one[0] - other[0])) {
    const before = result.at(-1);
    if (before !== undefined && first <= before[1] + 1) {
      before[1] = Math.max(before[1], last);
    } else {
      result.push([first, last]);
    }
  }
  return result;
}

/** The function that a view was opened for, after edits: of those with its name the one that is nearest to where it was. */
export function followed(functions: readonly FunctionInfo[], name: string, was: Position): FunctionInfo | undefined {
  const distance = (one: FunctionInfo) => Math.abs(one.position.line - was.line);
  const named = functions.filter((one) => one.name === name);
  return named.sort((one, other) => distance(one) - distance(other))[0];
}

/** The function around a line. */
export function functionAt(functions: readonly FunctionInfo[], line: number): FunctionInfo | undefined {
  const around = functions.filter(({ range }) => range.start.line <= line && line <= range.end.line);
  // Of functions within each other the innermost one begins last.
  return around.at(-1);
}
