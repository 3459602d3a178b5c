/**
 * An engine that dies when it is told to: argv[2] is its request as JSON, with `dieAt`, a point of its store's writes from its beginning on. Later ones are
 * told over the parent's channel. SIGKILL to itself: nothing is flushed, nobody is told.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { RestRequest } from '../../actors/engine/io.js';
import type { EnginePart } from '../engine/parts.js';
import { runEngine, type EngineRequest } from '../engine/run.js';
import type { KillPoint, StorePoint } from './plan.js';

interface ChildRequest extends EngineRequest {
  readonly dieAt: KillPoint | null;
  /** A fault planted on purpose: the opening order that was last sent is sent once more by the next life. Null for none, else where it is kept. */
  readonly resend: string | null;
  /** Where it says when it dies at a point, ms of the wall: who waits for its end may hear of it late. */
  readonly deathNote: string;
}

const request = JSON.parse(process.argv[2]!) as ChildRequest;
let armed = request.dieAt;
let seen = 0;

function onPoint(point: StorePoint): void {
  if (armed === null || point !== armed.stage) return;
  seen += 1;
  if (seen < armed.write) return;
  writeFileSync(request.deathNote, String(Date.now()));
  process.kill(process.pid, 'SIGKILL');
}

process.on('message', (point) => {
  armed = point as KillPoint;
  seen = 0;
});

/** Wraps the part that speaks REST, so that the next life repeats what this one sent, under another name. */
function resending(file: string): (parts: readonly EnginePart[]) => readonly EnginePart[] {
  return (parts) => parts.map((part) => {
    const send = part.effects['rest.send'];
    if (send === undefined) return part;
    let again = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as RestRequest) : null;
    return {
      ...part,
      effects: {
        ...part.effects,
        'rest.send'(now) {
          const opens = now.method === 'POST' && (now.path === '/fapi/v1/order' ? now.params['reduceOnly'] !== 'true' : now.path === '/api/v3/order' && now.params['side'] === 'BUY');
          if (opens) writeFileSync(file, JSON.stringify(now));
          send(now);
          if (!opens || again === null) return;
          const name = again.params['newClientOrderId']!;
          const other = name.endsWith('0') ? '1' : '0';
          const { timestamp = '' } = now.params;
          send({ ...again, id: `${again.id} again`, params: { ...again.params, newClientOrderId: `${name.slice(0, -1)}${other}`, timestamp } });
          again = null;
        },
      },
    };
  });
}

// Whoever started it is gone: nobody would end it.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
const { dieAt: _dieAt, deathNote: _deathNote, resend, ...plain } = request;
await runEngine(plain, { onPoint, ...(resend === null ? {} : { parts: resending(resend) }) });
