import { CONTROL_LIMITS, discover, METHODS, NOTIFICATIONS, PROTOCOL_VERSION, RPC_ERRORS, type RpcErrorName } from '../../runtime/control/index.js';

interface Shape {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Shape[];
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly $ref?: string;
}

interface Described {
  readonly name: string;
  readonly summary: string;
  readonly 'x-kind': string;
  readonly params: readonly { readonly name: string; readonly required: boolean; readonly schema: Shape }[];
  readonly result: { readonly schema: Shape };
}

/** docs/control-protocol.json: the OpenRPC document that `rpc.discover` answers. */
export function protocolSchema(): string {
  return `${JSON.stringify(discover(), null, 1)}\n`;
}

/** docs/control-protocol.md: the same for people. */
export function protocolPage(): string {
  const document = discover() as unknown as { readonly methods: readonly Described[]; readonly 'x-notifications': readonly { readonly name: string; readonly summary: string; readonly params: Shape }[] };
  const errors = (Object.keys(RPC_ERRORS) as RpcErrorName[]).map((name) => `| ${RPC_ERRORS[name].code} | \`${name}\` | ${RPC_ERRORS[name].meaning} |`);
  return `<!-- Made by \`npm run docs\` from runtime/control/methods.ts; edits are overwritten. -->
# The protocol of the control socket

Version ${PROTOCOL_VERSION}. JSON-RPC 2.0 over a Unix domain socket, one JSON text per line (UTF-8, at most ${CONTROL_LIMITS.lineBytes} bytes and ${CONTROL_LIMITS.jsonDepth} levels). Params go by
name. Batches (at most ${CONTROL_LIMITS.batchRequests} requests), notifications and ids are those of the standard; answers may come in another order than
the requests. ${Object.keys(METHODS).length} methods, ${Object.keys(NOTIFICATIONS).length} notification. The same as JSON Schema: [control-protocol.json](control-protocol.json), an OpenRPC document, also answered by
\`rpc.discover\`. How to use it: [control.md](control.md).

Results and notifications may get new fields within a version; ignore what you do not know. Params may not have fields that
are not listed. What JSON cannot say is an object with one \`$\` key: \`{"$bigint":"1"}\`, \`{"$map":[…]}\`, \`{"$truncated":…}\`.

## Methods

${document.methods.map(methodSection).join('\n\n')}

## Notifications from the process

${document['x-notifications'].map(({ name, summary, params }) => `### ${name}\n\n${summary}\n\n${fields(params)}`).join('\n\n')}

## Errors

| code | name | meaning |
|---|---|---|
${errors.join('\n')}
`;
}

function methodSection({ name, summary, 'x-kind': kind, params, result }: Described): string {
  const rows = params.map((param) => `| \`${param.name}\` | ${typeName(param.schema)} | ${param.required ? 'yes' : param.schema.default === undefined ? '' : `default \`${JSON.stringify(param.schema.default)}\``} | ${param.schema.description ?? ''} |`);
  const table = rows.length === 0 ? 'No params.' : `| param | type | required | |\n|---|---|---|---|\n${rows.join('\n')}`;
  return `### ${name}\n\n${kind === 'write' ? '**Writes.** ' : ''}${summary}\n\n${table}\n\nResult:\n\n${fields(result.schema)}`;
}

function fields(shape: Shape): string {
  const entries = Object.entries(shape.properties ?? {});
  if (entries.length === 0) return 'An object.';
  const required = new Set(shape.required ?? []);
  return entries.map(([name, of]) => `- \`${name}\`${required.has(name) ? '' : ' (may be absent)'}: ${typeName(of)}${of.description === undefined ? '' : `. ${of.description}`}`).join('\n');
}

function typeName(shape: Shape): string {
  if (shape.enum !== undefined) return shape.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (shape.anyOf !== undefined) return [...new Set(shape.anyOf.map(typeName))].join(' or ');
  if (shape.$ref !== undefined) return 'a node of the same form';
  if (shape.type === 'array') return shape.items === undefined || typeName(shape.items) === 'anything' ? 'a list' : `a list of ${typeName(shape.items)}`;
  if (shape.type === 'integer') return rangeOf(shape);
  if (shape.type === 'object' && shape.properties !== undefined) return `{ ${Object.keys(shape.properties).join(', ')} }`;
  return typeof shape.type === 'string' ? shape.type : 'anything';
}

function rangeOf({ minimum = -Infinity, maximum = Infinity }: Shape): string {
  const from = minimum > Number.MIN_SAFE_INTEGER ? ` from ${minimum}` : '';
  const to = maximum < Number.MAX_SAFE_INTEGER ? ` to ${maximum}` : '';
  return `integer${from}${to}`;
}
