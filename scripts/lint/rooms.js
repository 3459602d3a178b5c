// Where a file lives and what its room may import: the arrows of docs/architecture.md as data.
import { realpathSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout this file lies in; tests copy the whole linter, so it is never a fixed path. */
const root = realpathSync(fileURLToPath(new URL('../../', import.meta.url)));

const ALL = ['runtime', 'config', 'data', 'actors', 'supervisors', 'tools'];

/** What each room may import of ours, besides itself. */
export const ARROWS = {
  runtime: [],
  config: [],
  data: ['config'],
  actors: ['runtime', 'config', 'data'],
  supervisors: ['actors', 'runtime', 'config', 'data'],
  tools: ALL,
  tests: [...ALL, 'scripts'],
  scripts: [],
};

/** The room of a file, `''` for a file of ours outside every room, undefined for a file outside the checkout. */
export function roomOf(file) {
  let path;
  try {
    path = realpathSync(file);
  } catch {
    path = resolve(file);
  }
  const inside = relative(root, path);
  if (inside === '' || inside.startsWith(`..${sep}`)) return undefined;
  const [first, second] = inside.split(sep);
  return second !== undefined && first in ARROWS ? first : '';
}

/** What a module specifier written in `file` points at: a room of ours, a package, Node itself, or what nobody can check. */
export function targetOf(specifier, file) {
  if (specifier.startsWith('node:')) return { kind: 'node', name: specifier.slice(5) };
  if (specifier.startsWith('.')) return { kind: 'ours', room: roomOf(resolve(dirname(file), specifier)) };
  if (specifier.startsWith('/') || specifier.startsWith('file:')) return { kind: 'absolute' };
  if (specifier.startsWith('#') || specifier === 'faultline' || specifier.startsWith('faultline/')) return { kind: 'self' };
  const parts = specifier.split('/');
  return { kind: 'package', name: specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0] };
}

/**
 * A visitor that calls `see(node, specifier, isUrl)` for every module a file names, in whatever way. The specifier of a
 * computed import is undefined; `isUrl` marks `new URL('./worker.js', import.meta.url)`, which names a worker's module.
 */
export function importVisitor(see) {
  const text = (node) => {
    if (node?.type === 'Literal' && typeof node.value === 'string') return node.value;
    if (node?.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0].value.cooked;
    return undefined;
  };
  const fromSource = (node) => node.source && see(node.source, text(node.source));
  const isImportMetaUrl = (node) =>
    node?.type === 'MemberExpression' && node.object.type === 'MetaProperty' && node.property.name === 'url';
  return {
    ImportDeclaration: fromSource,
    ExportAllDeclaration: fromSource,
    ExportNamedDeclaration: fromSource,
    ImportExpression: (node) => see(node, text(node.source)),
    TSImportType: (node) => see(node, text(node.source ?? node.argument?.literal ?? node.argument)),
    TSExternalModuleReference: (node) => see(node, text(node.expression)),
    CallExpression(node) {
      const callee = node.callee;
      const isRequire = callee.type === 'Identifier' && callee.name === 'require';
      const isResolve = callee.type === 'MemberExpression' && callee.object.type === 'MetaProperty' && callee.property.name === 'resolve';
      if (isRequire || isResolve) see(node, text(node.arguments[0]));
    },
    NewExpression(node) {
      if (node.callee.type !== 'Identifier' || node.callee.name !== 'URL' || !isImportMetaUrl(node.arguments[1])) return;
      const specifier = text(node.arguments[0]);
      if (specifier !== undefined && /\.[cm]?[jt]s$/.test(specifier)) see(node, specifier, true);
    },
  };
}
