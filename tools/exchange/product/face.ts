import { type Behaviour, type Runtime, worker, type WorkerSpec } from '../../../runtime/index.js';
import type { OpenFace, Product } from './product.js';

type FaceMessage = { readonly type: 'open'; readonly face: OpenFace } | { readonly type: 'failed'; readonly error: Error } | { readonly type: 'closed' };

interface FaceInput {
  readonly product: Product;
  readonly runtime: Runtime;
  /** Port of the first start, while `had` is false; later ones take the port that this one got. */
  readonly port: { value: number; had: boolean };
}

interface FaceState {
  face: OpenFace | null;
  /** Set when this life has ended: what opens after that is closed at once. */
  ended: boolean;
  readonly runtime: Runtime;
}

const OPEN_DEADLINE_MS = 15_000;
const CLOSE_DEADLINE_MS = 3000;
const REOPEN_WITHIN_MS = 5000;
const REOPEN_EVERY_MS = 25;

/** The actor that holds a product's port. Its crash or restart cuts every connection; it comes back on the same port. */
const faceBehaviour: Behaviour<FaceState, FaceMessage, FaceInput> = {
  name: 'exchange-face',
  version: 1,
  stateKind: 'mutable',
  init(ctx, { product, runtime, port }) {
    const state: FaceState = { face: null, ended: false, runtime };
    const { path } = ctx;
    ctx.startLater();
    openPort(product, port).then(
      (face) => {
        port.value = face.port;
        port.had = true;
        if (state.ended) void face.close();
        else runtime.send(path, { type: 'open', face });
      },
      (error: unknown) => {
        if (!state.ended) runtime.send(path, { type: 'failed', error: error instanceof Error ? error : new Error(String(error)) });
      },
    );
    return state;
  },
  step(state, message, ctx) {
    switch (message.type) {
      case 'open':
        state.face = message.face;
        ctx.started();
        return state;
      case 'failed':
        throw message.error;
      case 'closed':
        ctx.stop();
        return state;
    }
  },
  stop(state, ctx, _reason) {
    state.ended = true;
    const { face, runtime } = state;
    if (face === null) return undefined;
    const { path } = ctx;
    void face.close().finally(() => runtime.send(path, { type: 'closed' }));
    return 'pending';
  },
  view: ({ face }) => ({ port: face?.port ?? null }),
};

/** Opens the port; one that was ours before is waited for, as its last connections may still be closing. */
async function openPort(product: Product, { value, had }: FaceInput['port']): Promise<OpenFace> {
  const deadlineMs = performance.now() + REOPEN_WITHIN_MS;
  for (;;) {
    try {
      return await product.open(value);
    } catch (error) {
      const isInUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!had || !isInUse || performance.now() > deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, REOPEN_EVERY_MS));
    }
  }
}

/** @param speed of the venue's clock, on which the runtime counts; what is said here is in time of the wall */
export function faceSpec(input: FaceInput, speed: number): WorkerSpec<FaceMessage> {
  return worker({
    id: 'face', behaviour: faceBehaviour, input, startDeadlineMs: OPEN_DEADLINE_MS * speed, shutdown: CLOSE_DEADLINE_MS * speed,
    backoff: { minMs: 50 * speed, maxMs: 2000 * speed, jitter: 0.2 },
  });
}
