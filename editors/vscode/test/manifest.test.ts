import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const code = readFileSync('src/extension.ts', 'utf8');
const readme = readFileSync('README.md', 'utf8');

test('the commands of the manifest are those that the extension registers', () => {
  const contributed = manifest.contributes.commands.map((one: { command: string }) => one.command);
  const registered = [...code.matchAll(/registerCommand\('([^']+)'/g)].map((match) => match[1]);
  assert.deepEqual(registered.toSorted(), contributed.toSorted());
  for (const { category, title } of manifest.contributes.commands) {
    assert.ok(readme.includes(`**${category}: ${title}**`), title);
  }
});

test('the README names every setting and its default', () => {
  for (const [name, { default: value }] of Object.entries<{ default: unknown }>(
    manifest.contributes.configuration.properties,
  )) {
    assert.ok(readme.includes(`| \`${name}\` | ${value === '' ? 'empty' : `\`${value}\``} |`), name);
  }
});
