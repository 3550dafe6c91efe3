// What each line of the source costs: its machine instructions, and how wide their vectors are.
//
// Enters: assembly in AT&T's syntax and the lines that belong together. Leaves: counts and a short text. Knows no editor.

import type { Run } from './protocol';

/** Elements that one instruction works on. */
export interface Vector {
  lanes: number;
  element: string;
}

export interface Cost {
  instructions: number;
  /** Of the widest vectors, if there are any. */
  vector: Vector | undefined;
}

const REGISTER_BITS = { x: 128, y: 256, z: 512 } as const;

/** Arithmetic whose name tells the elements; moves and logic occur in scalar code, too. */
const FLOATS = /^v?(?:add|sub|mul|div|max|min|sqrt|round|rndscale|hadd|fn?m(?:add|sub)\d*|cmp\w*|cvt\w+2)p([sd])$/;
const INTS = /^v?p(?:add|sub|mull|mulh|max|min|abs|cmpeq|cmpgt|cmp|sll|srl|sra|sllv|srlv|srav)(us|u|s)?([bwdq])$/;
const PRODUCTS = /^v?pmulu?dq$/;
const BITS = { b: 8, w: 16, d: 32, q: 64 } as const;

/** The instruction's vector, if it computes with more than one element at a time. */
export function vectorOf(instruction: string): Vector | undefined {
  const [mnemonic = '', ...operands] = instruction.trim().split(/\s+/);
  const registers = [...operands.join('').matchAll(/%([xyz])mm\d+/g)].map((match) => match[1] as 'x' | 'y' | 'z');
  if (registers.length === 0) {
    return undefined;
  }
  const bits = Math.max(...registers.map((register) => REGISTER_BITS[register]));
  const float = FLOATS.exec(mnemonic);
  if (float !== null) {
    return float[1] === 'd' ? { lanes: bits / 64, element: 'f64' } : { lanes: bits / 32, element: 'f32' };
  }
  const int = INTS.exec(mnemonic);
  if (int !== null) {
    const size = BITS[int[2] as keyof typeof BITS];
    return { lanes: bits / size, element: `${int[1]?.startsWith('u') ? 'u' : 'i'}${size}` };
  }
  // The parts of products of ints.
  if (PRODUCTS.test(mnemonic)) {
    return { lanes: bits / 64, element: 'i64' };
  }
  return undefined;
}

/** True for a line that the processor executes, and not a label, a directive or a comment. */
export function isInstruction(line: string): boolean {
  return /^\s+[a-z]/.test(line);
}

/** What each line of the source costs. */
export function costs(text: string, mapping: readonly Run[]): Map<number, Cost> {
  const lines = text.split('\n');
  const result = new Map<number, Cost>();
  for (const { line, irLines } of mapping) {
    const cost = result.get(line) ?? { instructions: 0, vector: undefined };
    for (const instruction of lines.slice(irLines[0], irLines[1] + 1).filter(isInstruction)) {
      cost.instructions += 1;
      const vector = vectorOf(instruction);
      if (vector !== undefined && vector.lanes > (cost.vector?.lanes ?? 1)) {
        cost.vector = vector;
      }
    }
    result.set(line, cost);
  }
  for (const [line, { instructions }] of result) {
    if (instructions === 0) {
      result.delete(line);
    }
  }
  return result;
}

/** For the end of a line. */
export function costText({ instructions, vector }: Cost): string {
  const count = `${instructions} instruction${instructions === 1 ? '' : 's'}`;
  return vector === undefined ? count : `${count}, ${vector.lanes} × ${vector.element}`;
}
