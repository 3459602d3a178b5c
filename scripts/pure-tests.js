// Which compiled test files may share a process: those that, with all they import, can neither leave a trace in it nor see one.
// With sockets, also those that open servers and sockets of their own in it, and that close them in hooks of their own file.
// Judged by what stands in the files, so that nobody keeps a list: an allowed import or none, and none of the words below.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Packages that keep no state that one file could see of another. Files on the disk are shared by files in processes of their own as well. */
const HARMLESS = new Set([
  'node:assert/strict', 'node:buffer', 'node:crypto', 'node:fs', 'node:os', 'node:path', 'node:perf_hooks', 'node:test', 'node:url', 'node:util', 'node:zlib',
  'fast-check', 'smol-toml', 'toml-eslint-parser', 'xstate', 'zod',
]);
/** Packages of servers and sockets: what they keep goes when the test that opened it closes it. */
const OF_SOCKETS = new Set([
  'cli-table3', 'fastify', 'node:events', 'node:fs/promises', 'node:http', 'node:https', 'node:net', 'node:stream', 'node:stream/promises', 'node:timers/promises', 'picocolors', 'selfsigned', 'ws',
]);
/** As tsc writes them: at the beginning of a line, or in the call at run time. */
const IMPORT = /(?:^(?:import|export)\b(?:[^;'"]*?\bfrom)?\s*|\bimport\s*\(\s*)(['"])(.*?)\1/gm;
const TRACES = [
  // Of the process only the environment and what never changes is read; nothing is set, ended, listened to or measured.
  /(?<![.\w])process\b(?=\s*(?:\[|\?\.|\.(?!(?:pid|platform|version)\b(?!\s*=(?!=))|nextTick\(|env\[['"]\w+['"]\](?!\s*(?:=(?!=)|\?\?=|\|\|=|\+=))|env\))[a-z]))/,
  /\bdelete process\b|[(,=]\s*process\s*[;,)]|\bassign\(process\b/,
  /\bglobalThis\b|\bglobal\./,
  /\.prototype\.\w+\s*=(?!=)|\bprototype\s*,|\bsetPrototypeOf\b/,
  /(?<![.\w])(?:Array|BigInt|console|Date|Error|JSON|Map|Math|Number|Object|performance|Promise|Set|String)\.\w+\s*=(?![=>])/,
  /\bconfigureGlobal\b/,
  /\b(?:describe|it|suite|test)\.(?:after|afterEach|before|beforeEach|mock)\b/,
  /(?<![.\w])(?:eval|watchFile)\(/,
  /\bimport\s*\((?!\s*['"])/,
];
/** Of these a file with sockets has need. */
const TRACES_OF_SOCKETS = /(?<![.\w])(?:fetch|queueMicrotask|setInterval)\(/;
/** Of node:test nothing but tests and suites: a hook at the top of a file is of the whole process, and a mock of everybody in it. */
const TEST_IMPORT = /\bimport\s+([^'"]*?)\s+from\s*['"]node:test['"]/g;
const ONLY_TESTS = /^(?:test|\{\s*(?:describe|it|suite|test)(?:\s*,\s*(?:describe|it|suite|test))*\s*\})$/;
/** Where each file is a suite of its own, a hook is of that suite. */
const TESTS_AND_HOOKS = /^(?:test|(?:test\s*,\s*)?\{\s*(?:after|afterEach|before|beforeEach|describe|it|suite|test)(?:\s*,\s*(?:after|afterEach|before|beforeEach|describe|it|suite|test))*\s*\})$/;

/** Whether a file's own text shows that it can leave a trace. */
function leavesTrace(text, sockets) {
  const code = text.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '').replaceAll(IMPORT, (statement) => (statement.includes('(') ? statement : ''));
  if (TRACES.some((pattern) => pattern.test(code)) || (!sockets && TRACES_OF_SOCKETS.test(code))) return true;
  return [...text.matchAll(TEST_IMPORT)].some(([, clause]) => !(sockets ? TESTS_AND_HOOKS : ONLY_TESTS).test(clause));
}

/** Those of the given files (absolute paths of compiled modules) that may share a process; `sockets`: each as a suite of its own, with its servers and sockets. */
export function pureTests(files, { sockets = false } = {}) {
  const harmless = (name) => HARMLESS.has(name) || (sockets && OF_SOCKETS.has(name));
  const known = new Map();
  function look(file) {
    let seen = known.get(file);
    if (seen !== undefined) return seen;
    seen = { pure: false, imports: [] };
    known.set(file, seen);
    if (!file.endsWith('.js') || !existsSync(file)) return seen;
    const text = readFileSync(file, 'utf8');
    const names = [...text.matchAll(IMPORT)].map(([, , name]) => name);
    seen.pure = !leavesTrace(text, sockets) && names.every((name) => name.startsWith('.') || harmless(name));
    seen.imports = names.filter((name) => name.startsWith('.')).map((name) => resolve(dirname(file), name));
    return seen;
  }
  return files.filter((file) => {
    const reached = new Set([file]);
    for (const next of reached) {
      const { pure, imports } = look(next);
      if (!pure) return false;
      for (const name of imports) reached.add(name);
    }
    return true;
  });
}
