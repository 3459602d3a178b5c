import { parentPort } from 'node:worker_threads';
import { layoutOf } from '../../../charts/layout.js';
import type { LayoutAnswer, LayoutJob } from './geometries.js';

// ELK works synchronously: beside the server it would hold up every page.
parentPort?.on('message', ({ digest, model }: LayoutJob) => {
  const answer = (value: LayoutAnswer): void => parentPort?.postMessage(value);
  layoutOf({ digest, model }).then(
    (geometry) => answer({ digest, geometry }),
    (error: unknown) => answer({ digest, problem: error instanceof Error ? error.message : String(error) }),
  );
});
