/**
 * `/venue/signer`: the one actor by which requests that need the key leave the tree. The key is not in the tree at all: the host signs what comes by
 * `rest.send`, and this actor knows of the key what people may see, and what it may do.
 */
import type { Behaviour } from '../../runtime/index.js';
import { GATEWAY_PATH } from '../engine/paths.js';
import type { KeyRights, SignedSend, SignedSocketSend, SignerRefusal } from './messages.js';

export interface SignerInput {
  /** Kind and ends of the key: `hmac vmPU…Eh8A`; null when there is none, and nothing is signed. */
  readonly keyId: string | null;
  /** Null where nobody asked the venue (demo). */
  readonly rights: KeyRights | null;
}

export interface SignerState extends SignerInput {
  readonly sent: number;
  readonly refused: number;
}

/** What the key may not do at all, in words; undefined when it may. */
function forbidden({ keyId, rights }: SignerInput): string | undefined {
  if (keyId === null) return 'there is no key';
  if (rights?.withdraws === true) return 'the key can withdraw: it is not used';
  return undefined;
}

export function signerBehaviour(): Behaviour<SignerState, SignedSend | SignedSocketSend, SignerInput> {
  return {
    name: 'signer',
    version: 1,
    init: (_ctx, { keyId, rights }) => ({ keyId, rights, sent: 0, refused: 0 }),
    step(state, message, ctx) {
      const reason = forbidden(state);
      if (reason !== undefined) {
        const [to, id] = message.type === 'signer.send' ? [GATEWAY_PATH, message.request.id] : [message.replyTo, message.send.socket];
        ctx.send(ctx.ref<SignerRefusal>(to), { type: 'signer.refused', id, reason });
        return { ...state, refused: state.refused + 1 };
      }
      if (message.type === 'signer.send') ctx.effect('rest.send', message.request);
      else ctx.effect('socket.send', { ...message.send, sign: true });
      return { ...state, sent: state.sent + 1 };
    },
  };
}
