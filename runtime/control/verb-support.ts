import { type ChildSpec, type FullChildSpec, plainCopy, type Runtime, type SuspendResult, type TreeNode } from '../index.js';
import { rpcError, type RpcErrorBody, type RpcErrorName } from './errors.js';
import type { MethodAnswer } from './methods.js';
import { refusalText } from './refusal-text.js';
import type { ControlTarget, OwnVerb } from './target.js';

/** A refusal on its way out of a verb. */
export class Refusal extends Error {
  readonly body: RpcErrorBody;

  constructor(name: RpcErrorName, message: string, data?: Readonly<Record<string, unknown>>) {
    super(message);
    this.body = rpcError(name, message, data);
  }
}

export const COPY = { depth: 8, entries: 200, values: 2_000, textLength: 2_000 };

/** The runtime of this moment, with a tree. @throws Refusal notRunning */
export function running(target: ControlTarget): Runtime {
  const runtime = target.runtime();
  if (runtime === null || runtime.tree({ depth: 0, nodes: 1 }) === null) throw new Refusal('notRunning', 'no tree runs in the process at the moment');
  return runtime;
}

/** One actor, without those under it. @throws Refusal notFound */
export function nodeAt(runtime: Runtime, path: string): TreeNode {
  const node = runtime.tree({ path, depth: 0, nodes: 1 });
  if (node === null) throw noActor(path);
  return node;
}

/** @throws Refusal notSupported */
export function logOf(target: ControlTarget): NonNullable<ControlTarget['logLevel']> {
  if (target.logLevel === undefined) throw notOffered('logLevel');
  return target.logLevel;
}

/** @throws Refusal notFound */
export function templateOf(target: ControlTarget, name: string): NonNullable<ControlTarget['templates']>[string] {
  const templates = target.templates ?? {};
  const template = Object.hasOwn(templates, name) ? templates[name] : undefined;
  if (template === undefined) throw new Refusal('notFound', `there is no template '${name}'`, { templates: Object.keys(templates) });
  return template;
}

/** Books of an exchange are the largest answers there are. */
const OWN_COPY = { depth: 16, entries: 20_000, values: 200_000, textLength: 100_000, characters: 4_000_000 };

/** The answer of a verb that only this kind of process has. @throws Refusal */
export async function ownVerb(verbs: Readonly<Record<string, OwnVerb>> | undefined, name: string, input: unknown): Promise<{ value: unknown }> {
  const verb = verbs !== undefined && Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb === undefined) throw new Refusal('notFound', `this process has no '${name}'`, { names: Object.keys(verbs ?? {}) });
  try {
    return { value: plainCopy(await verb(input) ?? null, OWN_COPY) };
  } catch (thrown) {
    throw new Refusal('refused', messageOf(thrown));
  }
}

/** What a template makes of an input. @throws Refusal */
export function specFrom(target: ControlTarget, name: string, input: unknown, id: string | undefined): ChildSpec {
  try {
    return templateOf(target, name).spec(input, id);
  } catch (thrown) {
    if (thrown instanceof Refusal) throw thrown;
    throw new Refusal('invalidParams', `the template '${name}' refuses the input: ${messageOf(thrown)}`, { problems: [`input: ${messageOf(thrown)}`] });
  }
}

/** The supervisor and the id in a path. The root has none. */
export function placeOf(path: string): { readonly supervisor: string; readonly id: string } {
  const cut = path.lastIndexOf('/');
  const id = path.slice(cut + 1);
  if (id === '') throw new Refusal('refused', 'the root has no supervisor; use shutdown', { reason: { kind: 'root', path } });
  return { supervisor: cut === 0 ? '/' : path.slice(0, cut), id };
}

/** The specification that an actor runs under, whatever kind its supervisor is. */
export function specOf(runtime: Runtime, path: string): FullChildSpec | undefined {
  if (path === '/') return undefined;
  const { supervisor, id } = placeOf(path);
  return runtime.getChildSpec(supervisor, id) ?? runtime.getChildSpec(supervisor, runtime.ref(path));
}

/** A specification as plain data: behaviours by name and version, children by id. */
export function wireSpec(spec: FullChildSpec | undefined): unknown {
  if (spec === undefined) return null;
  if (spec.kind !== 'worker') return plainCopy({ ...spec, ...('children' in spec ? { children: spec.children.map(({ id }) => id) } : {}) }, COPY);
  const { behaviour, ...rest } = spec;
  return plainCopy({ ...rest, behaviour: { name: behaviour.name, version: behaviour.version } }, COPY);
}

type WireNode = MethodAnswer<'tree'>['tree'];

/** The tree is a copy already; only exit reasons may hold what JSON cannot say. */
export function wireNode(node: TreeNode): WireNode {
  const left: WireNode[] = [node as unknown as WireNode];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (next.lastExit !== null) next.lastExit = plainCopy(next.lastExit, COPY) as WireNode['lastExit'];
    for (const child of next.children) left.push(child);
  }
  return node as unknown as WireNode;
}

export function suspension(answer: SuspendResult): MethodAnswer<'suspend'> {
  if (!answer.ok) throw refusal(answer.reason);
  return { path: answer.path, state: answer.state };
}

export function orRefuse(answer: { readonly ok: true } | { readonly ok: false; readonly reason: { readonly kind: string } }): void {
  if (!answer.ok) throw refusal(answer.reason);
}

export function refusal(reason: { readonly kind: string; readonly path?: string }): Refusal {
  return new Refusal(reason.kind === 'not_found' ? 'notFound' : 'refused', refusalText(reason), { reason: plainCopy(reason, COPY) });
}

export function noActor(path: string): Refusal {
  return new Refusal('notFound', `there is no actor at ${path}`, { path });
}

export function notOffered(verb: string): Refusal {
  return new Refusal('notSupported', `this process does not offer ${verb}`);
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

