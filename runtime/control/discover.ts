import { z } from 'zod';
import { RPC_ERRORS, type RpcErrorName } from './errors.js';
import { type MethodName, METHODS, NOTIFICATIONS, PROTOCOL_VERSION } from './methods.js';

type Schema = Readonly<Record<string, unknown>>;

/** The published schema: an OpenRPC 1.3 document, made from the schemas that parse the params and results. */
export function discover(): Schema {
  return {
    openrpc: '1.3.2',
    info: {
      title: 'Faultline control socket', version: String(PROTOCOL_VERSION),
      description: 'JSON-RPC 2.0 over a Unix domain socket, one JSON text per line. Params go by name. Batches and notifications as in the standard.',
    },
    methods: (Object.keys(METHODS) as MethodName[]).map((name) => {
      const { kind, summary, params, result } = METHODS[name];
      const schema = z.toJSONSchema(params, { io: 'input' });
      const required = new Set(schema.required ?? []);
      return {
        name, summary, paramStructure: 'by-name', 'x-kind': kind,
        params: Object.entries(schema.properties ?? {}).map(([param, of]) => ({ name: param, required: required.has(param), schema: of })),
        result: { name: 'result', schema: z.toJSONSchema(result) },
      };
    }),
    'x-notifications': Object.entries(NOTIFICATIONS).map(([name, { summary, params }]) => ({ name, summary, params: z.toJSONSchema(params) })),
    components: {
      errors: Object.fromEntries((Object.keys(RPC_ERRORS) as RpcErrorName[]).map((name) => [name, { code: RPC_ERRORS[name].code, message: RPC_ERRORS[name].meaning }])),
    },
  };
}

let text: string | undefined;

export function discoverText(): string {
  text ??= JSON.stringify(discover());
  return text;
}
