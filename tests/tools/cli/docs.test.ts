import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { cliPage, exitCodesPage } from '../../../tools/cli/docs.js';
import { EXIT_CODES } from '../../../tools/cli/errors.js';
import { buildProgram } from '../../../tools/cli/program.js';
import { commandTree, everyCommand } from '../../../tools/cli/tree.js';
import { projectRoot } from './run-node.js';

const page = (name: string): string => readFileSync(join(projectRoot, 'docs', name), 'utf8');

describe('pages made from the program', () => {
  test('docs/exit-codes.md is the table of tools/cli/errors.ts (else: npm run docs)', () => {
    assert.equal(page('exit-codes.md'), exitCodesPage());
    const codes = Object.values(EXIT_CODES).map(({ code }) => code);
    assert.equal(new Set(codes).size, codes.length, 'no code has two meanings');
  });

  test('docs/cli.md is the command tree (else: npm run docs)', () => {
    assert.equal(page('cli.md'), cliPage(commandTree(buildProgram())));
  });

  test('every command, argument and option says what it is', () => {
    for (const node of everyCommand(commandTree(buildProgram()))) {
      assert.notEqual(node.description, '', node.path.join(' '));
      for (const { usage, description } of node.arguments) assert.notEqual(description, '', `${node.path.join(' ')} ${usage}`);
      for (const { flags, description } of node.options) assert.notEqual(description, '', `${node.path.join(' ')} ${flags}`);
    }
  });
});
