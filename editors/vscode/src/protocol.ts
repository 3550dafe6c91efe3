// What the server and the extension say to each other beyond LSP. Lines and characters count from 0.

export interface Position {
  line: number;
  character: number;
}

/** A place in a document, as arguments of the server's commands have it. */
export interface Place {
  uri: string;
  position: Position;
}

export const STAGES = ['typed', 'llvm', 'llvm-opt', 'asm'] as const;

/** A stage of the compiler. */
export type Stage = (typeof STAGES)[number];

/** A line of the source and the lines of the text that belong to it, first and last. */
export interface Run {
  line: number;
  irLines: [number, number];
}

/** The answer to `brrr/ir`. */
export interface StageText {
  title: string;
  languageId: string;
  text: string;
  signature: string;
  signatures: string[];
  mapping: Run[];
  function: string;
  stage: Stage;
  version: number;
}

/** An element of the answer to `brrr/functions`. */
export interface FunctionInfo {
  name: string;
  /** The name behind those of its classes; nothing for a function within another one. */
  qualified: string | null;
  position: Position;
  range: { start: Position; end: Position };
  signature: string;
  parameters: string[];
  isRefused: boolean;
}

/** What users call a stage. */
export function stageName(stage: Stage): string {
  switch (stage) {
    case 'typed':
      return 'typed IR';
    case 'llvm':
      return 'LLVM IR';
    case 'llvm-opt':
      return 'optimised LLVM IR';
    case 'asm':
      return 'assembly';
  }
}

/** Why a server has not answered, in its own words. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
