import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { projectRoot } from '../tools/cli/run-node.js';
import { houseRules, lint, plantedTree, ROOMS, type Finding } from './linter.js';
import { allowedArrows, carelessness, forbiddenArrows, impurities, innocent, slyImports, targets, type Violation } from './planted.js';

const groups: Readonly<Record<string, readonly Violation[]>> = {
  'an arrow that does not exist': forbiddenArrows(),
  'a way around the arrows': slyImports,
  'what no actor may do': impurities,
  carelessness,
};
const violations = Object.values(groups).flat();

describe('a planted violation is reported, by the project\'s own configuration', () => {
  const found = new Map<string, Finding[]>();
  let remove = (): void => {};

  before(() => {
    const files: Record<string, string> = { ...targets(), ...allowedArrows(), ...innocent };
    for (const { file, source } of violations) {
      assert.ok(!(file in files), `two files of one name: ${file}`);
      files[file] = source;
    }
    const tree = plantedTree(files);
    remove = () => tree.remove();
    for (const finding of lint(tree.root, ROOMS)) found.set(finding.file, [...(found.get(finding.file) ?? []), finding]);
  });
  after(() => remove());

  for (const [group, members] of Object.entries(groups)) {
    test(`${group}: ${members.length} of them`, () => {
      for (const { what, file, rule, says } of members) {
        const findings = found.get(file) ?? [];
        const text = JSON.stringify(findings, null, 1);
        assert.ok(findings.some((finding) => finding.rule === rule && says.test(finding.message)), `${what}: not reported: ${text}`);
        assert.deepEqual(findings.filter((finding) => finding.rule !== rule), [], `${what}: reported for something else`);
      }
    });
  }

  test('arrows that exist, exact mathematics and names of one\'s own are left alone', () => {
    const clean = [...Object.keys(targets()), ...Object.keys(allowedArrows()), ...Object.keys(innocent)];
    assert.deepEqual(clean.flatMap((file) => found.get(file) ?? []), []);
  });

  test('every rule of the house has a violation here', async () => {
    const covered = new Set(violations.map(({ rule }) => rule));
    for (const rule of await houseRules()) assert.ok(covered.has(`faultline(${rule})`), rule);
  });
});

const LINTED = ['bin', 'scripts', ...ROOMS];

test('npm test lints every room before it runs a test', () => {
  const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { readonly scripts: Readonly<Record<string, string>> };
  assert.match(scripts['test']!, /&& npm run -s lint && node scripts\/run-tests\.js$/);
  const [command, ...paths] = scripts['lint']!.replace('oxlint --type-aware --deny-warnings', 'oxlint').split(' ');
  assert.equal(command, 'oxlint');
  assert.deepEqual(paths.sort(), LINTED.toSorted());
});

// Under `npm test` that has just been seen.
if (process.env['npm_lifecycle_event'] !== 'test') {
  test('the project itself has no finding', () => {
    assert.deepEqual(lint(projectRoot, LINTED), []);
  });
}
