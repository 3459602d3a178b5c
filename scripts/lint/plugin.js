// The rules of this house that no ready-made linter has. tests/architecture/ plants a violation of each and sees it reported.
import { ARROWS, importVisitor, roomOf, targetOf } from './rooms.js';

/** Rooms import along the arrows only; nobody steps out of the checkout or comes back in by the package's own name. */
const arrows = {
  create(context) {
    const room = roomOf(context.filename);
    if (room === undefined || room === '' || room === 'scripts') return {};
    const allowed = ARROWS[room];
    const free = room === 'tools' || room === 'tests';
    return importVisitor((node, specifier, isUrl) => {
      // The free rooms spawn compiled programs by URLs that hold in dist/ only.
      if (isUrl && free) return;
      if (specifier === undefined) {
        if (!free) context.report({ node, message: `${room}/ may not import a computed module: the arrows could not be checked` });
        return;
      }
      const target = targetOf(specifier, context.filename);
      if (target.kind === 'absolute') context.report({ node, message: `'${specifier}' is a path of one machine; import by a relative path` });
      if (target.kind === 'self' && room !== 'tests') {
        context.report({ node, message: `'${specifier}' goes around the arrows; import by a relative path` });
      }
      if (target.kind === 'node' && target.name === 'module' && !free) {
        context.report({ node, message: `node:module makes a require that the arrows cannot follow` });
      }
      if (target.kind !== 'ours' || target.room === room || allowed.includes(target.room)) return;
      const what = target.room === undefined ? 'outside the checkout' : target.room === '' ? 'in no room' : `in ${target.room}/`;
      const may = allowed.length === 0 ? 'nothing of ours' : allowed.map((name) => `${name}/`).join(', ');
      context.report({ node, message: `${room}/ may not import '${specifier}', which is ${what}: it may import ${may}` });
    });
  },
};

const FROM_CONTEXT = 'take it through the actor context';
const BANNED_GLOBALS = {
  Date: `the clock is injected: ${FROM_CONTEXT}`,
  performance: `the clock is injected: ${FROM_CONTEXT}`,
  process: `the process belongs to tools/: ${FROM_CONTEXT}`,
  setTimeout: `timers are the runtime's: ${FROM_CONTEXT}`,
  setInterval: `timers are the runtime's: ${FROM_CONTEXT}`,
  setImmediate: `timers are the runtime's: ${FROM_CONTEXT}`,
  clearTimeout: `timers are the runtime's: ${FROM_CONTEXT}`,
  clearInterval: `timers are the runtime's: ${FROM_CONTEXT}`,
  clearImmediate: `timers are the runtime's: ${FROM_CONTEXT}`,
  queueMicrotask: 'a turn is synchronous: send yourself a message',
  Promise: 'a turn is synchronous: send a message and wait for the answer',
  Atomics: 'threads are the runtime\'s',
  Worker: 'threads are the runtime\'s',
  MessageChannel: 'threads are the runtime\'s',
  BroadcastChannel: 'threads are the runtime\'s',
  fetch: 'I/O goes through an effect',
  WebSocket: 'I/O goes through an effect',
  EventSource: 'I/O goes through an effect',
  XMLHttpRequest: 'I/O goes through an effect',
  console: 'log through the actor context',
  crypto: `identifiers and randomness are injected: ${FROM_CONTEXT}`,
  Intl: 'it differs between machines; format in tools/',
  WeakRef: 'when memory is collected is no input',
  FinalizationRegistry: 'when memory is collected is no input',
  globalThis: 'it is a way around the other bans',
  global: 'it is a way around the other bans',
  eval: 'nobody can check it',
  Function: 'nobody can check it',
  require: 'import by a declaration',
};
/** These read enumerable keys; integer-like keys come first and out of the order they were added in. */
const KEY_READERS = new Set(['keys', 'values', 'entries', 'getOwnPropertyNames', 'getOwnPropertyDescriptors', 'ownKeys']);
const ORDER_FREE = new Set(['length', 'sort', 'toSorted']);
/** Starting an XState actor runs it on its own clock and promises; ours are stepped by the runtime's adapter. */
const XSTATE_OWN_LIFE = new Set([
  'createActor', 'interpret', 'Actor', 'SimulatedClock', 'waitFor', 'toPromise', 'fromPromise', 'fromCallback', 'fromObservable', 'fromEventObservable', 'createEmptyActor',
]);

/** Under actors/: no clock, no randomness, no timer, no promise, no I/O, no order that depends on key spelling. */
const pure = {
  meta: { schema: [{ type: 'object' }] },
  create(context) {
    const packages = new Set(context.options[0]?.packages ?? []);
    const nodeModules = new Set(context.options[0]?.node ?? []);
    const report = (node, message) => context.report({ node, message });
    const asynchronous = (node) => {
      if (node.async) report(node, 'a turn is synchronous: no async function here');
    };
    return {
      ...importVisitor((node, specifier) => {
        if (specifier === undefined) return;
        const target = targetOf(specifier, context.filename);
        if (target.kind === 'node' && !nodeModules.has(target.name)) report(node, `'${specifier}': actors do no I/O and no Node; ${FROM_CONTEXT}`);
        if (target.kind === 'package' && !packages.has(target.name)) report(node, `'${specifier}': actors may use only the packages ${[...packages].join(', ')}`);
      }),
      ImportSpecifier(node) {
        const name = node.imported.name ?? node.imported.value;
        if (node.parent.source.value === 'xstate' && XSTATE_OWN_LIFE.has(name) && node.importKind !== 'type' && node.parent.importKind !== 'type') {
          report(node, `XState's ${name} runs by itself; machines are stepped by the runtime's adapter`);
        }
      },
      ImportExpression: (node) => report(node, 'a dynamic import is a promise; import by a declaration'),
      Identifier(node) {
        const why = Object.hasOwn(BANNED_GLOBALS, node.name) ? BANNED_GLOBALS[node.name] : undefined;
        if (why !== undefined && isGlobalValue(context, node)) report(node, `${node.name} is banned under actors/: ${why}`);
      },
      MemberExpression(node) {
        const name = memberName(node);
        if (node.object.type === 'Identifier' && node.object.name === 'Math' && isGlobalValue(context, node.object) && (name === 'random' || name === undefined)) {
          report(node, `randomness is injected: ${FROM_CONTEXT}`);
        }
        if (name === 'localeCompare' || name?.startsWith('toLocale')) report(node, `${name} differs between machines: compare code units, format in tools/`);
      },
      CallExpression(node) {
        const callee = node.callee;
        if (callee.type !== 'MemberExpression' || callee.object.type !== 'Identifier') return;
        if (callee.object.name !== 'Object' && callee.object.name !== 'Reflect') return;
        const parent = node.parent;
        const orderFree = parent.type === 'MemberExpression' && parent.object === node && ORDER_FREE.has(memberName(parent));
        if (KEY_READERS.has(memberName(callee)) && !orderFree) {
          report(node, `${callee.object.name}.${memberName(callee)} puts integer-like keys first: sort it at once, or keep a Map or an array`);
        }
      },
      ForInStatement: (node) => report(node, 'for-in has no order to rely on: use for-of over an array or a Map'),
      ForOfStatement: (node) => node.await && report(node, 'a turn is synchronous: no for await here'),
      AwaitExpression: (node) => report(node, 'a turn is synchronous: no await here'),
      FunctionDeclaration: asynchronous,
      FunctionExpression: asynchronous,
      ArrowFunctionExpression: asynchronous,
      MetaProperty: (node) => node.meta.name === 'import' && report(node, 'import.meta is I/O: where the file lies is no input'),
    };
  },
};

/** The functions and constants of Math that every engine must give to the last bit. */
const EXACT_MATH = new Set([
  'abs', 'ceil', 'clz32', 'floor', 'fround', 'imul', 'max', 'min', 'round', 'sign', 'sqrt', 'trunc',
  'E', 'LN10', 'LN2', 'LOG10E', 'LOG2E', 'PI', 'SQRT1_2', 'SQRT2',
]);

/** Kernels and generator: log, exp, pow, sin and the like differ between engines in the last bit, so only ours are used. */
const exactMath = {
  create(context) {
    return {
      Identifier(node) {
        if (node.name !== 'Math' || !isGlobalValue(context, node)) return;
        const parent = node.parent;
        const name = parent.type === 'MemberExpression' && parent.object === node ? memberName(parent) : undefined;
        if (name !== undefined && (EXACT_MATH.has(name) || name === 'random')) return;
        const what = name === undefined ? 'Math as a value' : `Math.${name}`;
        context.report({ node, message: `${what} is not exact on every engine: use actors/math/elementary.ts` });
      },
      BinaryExpression(node) {
        if (node.operator === '**' && !isExactPower(node.left, node.right)) {
          context.report({ node, message: '** is Math.pow and not exact on every engine: multiply, or use actors/math/elementary.ts' });
        }
      },
      AssignmentExpression(node) {
        if (node.operator === '**=') context.report({ node, message: '**= is Math.pow and not exact on every engine' });
      },
    };
  },
};

function isExactPower(left, right) {
  if (typeof left.value === 'bigint') return true;
  return typeof left.value === 'number' && typeof right.value === 'number' && Number.isSafeInteger(left.value ** right.value);
}

/**
 * A reference to the real global: not a property, not a type, not a parameter or variable of the same name.
 * (The linter's own isGlobalReference says no to every global once a configuration declares an `env`.)
 */
function isGlobalValue(context, node) {
  const reference = context.sourceCode.getScope(node).references.find(({ identifier }) => identifier === node);
  if (reference === undefined || reference.isTypeReference) return false;
  return !reference.resolved || reference.resolved.defs.length === 0;
}

function memberName(node) {
  if (!node.computed) return node.property.name;
  return node.property.type === 'Literal' && typeof node.property.value === 'string' ? node.property.value : undefined;
}

export default { meta: { name: 'faultline' }, rules: { arrows, pure, 'exact-math': exactMath } };
