import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { projectRoot } from '../tools/cli/run-node.js';

/** Files git tracks, as text; a file that is deleted but not committed yet is left out. */
function trackedFiles(): Map<string, string> {
  const names = execFileSync('git', ['ls-files', '-z'], { cwd: projectRoot, encoding: 'utf8' }).split('\0').filter(Boolean);
  const files = new Map<string, string>();
  for (const name of names) {
    try {
      files.set(name, readFileSync(join(projectRoot, name), 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return files;
}

// Put together here, so that this file does not match itself.
const machinePath = new RegExp(String.raw`(^|[^A-Za-z0-9_.~-])/(?:${['(?:work|farm)/', 'root/[.a-z0-9-]{2}', 'home/[a-z]', 'Users/[A-Za-z]'].join('|')})`);
const registryAddress = new RegExp(`https?://[^ "']*(?:${['registry\\.', 'npm\\.pkg', 'verdaccio', 'artifactory', 'nexus'].join('|')})`);

describe('what is committed', () => {
  const files = trackedFiles();

  test('the patterns find what they are for', () => {
    assert.match(`see /${'root'}/notes`, machinePath);
    assert.match(`see /${'home'}/anna`, machinePath);
    assert.doesNotMatch('the actor /root/b, docs/work/notes and ../shared/data and runtime/root.ts', machinePath);
    assert.match(`"resolved": "https://${'registry'}.example.org/x.tgz"`, registryAddress);
    assert.ok(files.size > 20, 'git lists the files');
  });

  test('names no path of a machine and no package registry', () => {
    const found: string[] = [];
    for (const [name, text] of files) {
      text.split('\n').forEach((line, index) => {
        if (machinePath.test(line) || registryAddress.test(line)) found.push(`${name}:${index + 1}: ${line.trim().slice(0, 120)}`);
      });
    }
    assert.deepEqual(found, []);
  });

  test('holds nothing that a build makes', () => {
    const built = [...files.keys()].filter((name) => /^dist\/|(^|\/)node_modules\/|\.tsbuildinfo$|\.tape(\.partial)?$|\.truth\.json$/.test(name));
    assert.deepEqual(built, []);
  });
});

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

describe('package-lock.json', () => {
  const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as Manifest;
  const lock = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8')) as { readonly packages: Readonly<Record<string, Locked>> };
  const packages = Object.entries(lock.packages).filter(([path]) => path !== '');

  test('has an integrity for every package and no download address', () => {
    for (const [path, entry] of packages) {
      assert.equal(entry.resolved, undefined, path);
      assert.match(entry.integrity ?? '', /^sha512-/, path);
    }
  });

  test('has every optional sub-package that a package names: npm drops them silently and the next npm ci fails', () => {
    const present = new Set(packages.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)));
    let named = 0;
    for (const [path, entry] of packages) {
      for (const name of Object.keys(entry.optionalDependencies ?? {})) {
        named += 1;
        assert.ok(present.has(name), `${path} names ${name}, which the lock has not`);
      }
    }
    assert.ok(named > 10, 'the compiler and the linter come as platform packages');
  });

  test('agrees with package.json, which pins exact versions', () => {
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      assert.match(version, /^\d+\.\d+\.\d+$/, name);
      assert.equal(lock.packages[`node_modules/${name}`]?.version, version, name);
    }
    assert.equal(lock.packages['']?.version, manifest.version);
  });
});

test('every dependency has a licence that the audit allows', () => {
  const { stdout } = spawnSync(process.execPath, ['scripts/audit.js'], { cwd: projectRoot, encoding: 'utf8', env: { PATH: '' } });
  assert.match(stdout, /^runtime: \d+ packages\n/);
  assert.doesNotMatch(stdout, /NOT ALLOWED/);
});

test('what package.json exports can be imported by its name, and has its types', async () => {
  const { exports } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>> };
  for (const [path, target] of Object.entries(exports)) {
    if (typeof target === 'string') continue;
    assert.ok(existsSync(join(projectRoot, target.types)), target.types);
    const module = (await import(`faultline/${path.slice(2)}`)) as object;
    assert.ok(Object.keys(module).length > 0, path);
  }
});
