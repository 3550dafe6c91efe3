import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const { commands, menus, configuration, walkthroughs } = manifest.contributes;
const code = readFileSync('src/extension.ts', 'utf8');
const readme = readFileSync('README.md', 'utf8');
const contributed: string[] = commands.map((one: { command: string }) => one.command);

test('the commands of the manifest are those that the extension registers', () => {
  const named = code.matchAll(/^ {2}command\((?:'([^']+)'|RUN_BENCHMARK)/gm);
  const registered = [...named].map((match) => match[1] ?? 'brrr.runBenchmark');
  assert.deepEqual(registered.toSorted(), contributed.toSorted());
});

test('the README names every command', () => {
  for (const { category, title } of commands) {
    assert.ok(readme.includes(`**${category}: ${title}**`), title);
  }
});

test('menus name commands that there are', () => {
  const used = Object.values<{ command?: string }[]>(menus).flatMap((items) =>
    items.flatMap((item) => item.command ?? []),
  );
  assert.deepEqual(
    used.filter((command) => !contributed.includes(command)),
    [],
  );
});

test('the README names every setting and its default', () => {
  for (const [name, { default: value }] of Object.entries<{ default: unknown }>(configuration.properties)) {
    assert.ok(readme.includes(`| \`${name}\` | ${value === '' ? 'empty' : `\`${value}\``} |`), name);
  }
});

test('every picture of the walkthrough and of the README is there, and its commands are', () => {
  for (const { media, description } of walkthroughs[0].steps) {
    assert.ok(existsSync(media.image), media.image);
    assert.ok(media.altText.length > 0);
    for (const [, command = ''] of description.matchAll(/command:([\w.]+)/g)) {
      assert.ok(command === 'python.setInterpreter' || contributed.includes(command), command);
    }
  }
  for (const [, path = ''] of readme.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)) {
    assert.ok(existsSync(path), path);
  }
});
