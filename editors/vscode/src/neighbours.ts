// Other Python servers that write types into the text: what they write, brrr leaves out.
//
// Enters: which extensions are there, what they are set to. Leaves: settings for brrr's own server. Knows nothing of VS Code.

/** An extension whose server shows types within the text, the section of its settings, and whether it shows them unless it is told. */
const NEIGHBOURS = [
  { id: 'detachhead.basedpyright', section: 'basedpyright.analysis.inlayHints', shows: true },
  { id: 'ms-python.vscode-pylance', section: 'python.analysis.inlayHints', shows: false },
  { id: 'anysphere.cursorpyright', section: 'cursorpyright.analysis.inlayHints', shows: true },
  { id: 'astral-sh.ty', section: 'ty.inlayHints', shows: true },
] as const;

/** Settings of others that decide what they show. */
export const SECTIONS: readonly string[] = NEIGHBOURS.map(({ section }) => section);

/** What the others show: types of variables, and of results. */
export interface Shown {
  variables: boolean;
  results: boolean;
}

/**
 * @param isThere whether an extension is installed and enabled
 * @param setting the value of a setting, if it has one
 */
export function shownBeside(isThere: (id: string) => boolean, setting: (name: string) => unknown): Shown {
  const there = NEIGHBOURS.filter(({ id }) => isThere(id));
  const shows = (name: string) => there.some(({ section, shows }) => (setting(`${section}.${name}`) ?? shows) === true);
  return { variables: shows('variableTypes'), results: shows('functionReturnTypes') };
}

/** The settings under `brrr` as the server is to hear them. */
export function beside(brrr: unknown, shown: Shown): unknown {
  if (typeof brrr !== 'object' || brrr === null) {
    return brrr;
  }
  const hints = 'inlayHints' in brrr && typeof brrr.inlayHints === 'object' ? brrr.inlayHints : {};
  const doubled = hints !== null && 'beside' in hints && hints.beside === 'show';
  if (doubled) {
    return brrr;
  }
  return { ...brrr, inlayHints: { ...hints, variables: !shown.variables, results: !shown.results } };
}
