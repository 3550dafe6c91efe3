// Bundles the extension into out/extension.js with the licenses of what is in it, or the tests into out/test/.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as esbuild from 'esbuild';

const production = process.argv.includes('--production');

/** @type {esbuild.BuildOptions} */
const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  sourcemap: !production,
  minify: production,
  logLevel: 'warning',
};

/** @type {esbuild.BuildOptions} */
const extension = {
  ...common,
  entryPoints: ['src/extension.ts'],
  outfile: 'out/extension.js',
  format: 'cjs',
  external: ['vscode'],
  metafile: true,
};

/** @type {esbuild.BuildOptions} */
const tests = {
  ...common,
  entryPoints: readdirSync('test')
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `test/${name}`),
  outdir: 'out/test',
  outExtension: { '.js': '.mjs' },
  format: 'esm',
  sourcemap: 'inline',
};

/** @param {string[]} inputs the files that were bundled */
function licenses(inputs) {
  const packages = new Set(inputs.flatMap((input) => input.match(/^.*node_modules\/(@[^/]+\/)?[^/]+/)?.[0] ?? []));
  return [...packages].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file !== undefined ? readFileSync(`${folder}/${file}`, 'utf8') : '';
    return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  });
}

if (process.argv.includes('--watch')) {
  const context = await esbuild.context(extension);
  await context.watch();
} else if (process.argv.includes('--tests')) {
  await esbuild.build(tests);
} else {
  const { metafile } = await esbuild.build(extension);
  const texts = licenses(Object.keys(metafile.inputs));
  writeFileSync(
    'out/LICENSES.txt',
    `out/extension.js contains these packages.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`,
  );
}
