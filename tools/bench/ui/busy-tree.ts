import { ControlServer } from '../../../runtime/control/index.js';
import { type Behaviour, createRuntime, dynamicSupervisor, supervisor, type SupervisorSpec, WallClock, worker } from '../../../runtime/index.js';

/**
 * A process with as many actors and messages a second as it is told: `busy-tree.js SOCKET ACTORS RATE`. Every message is handled by one
 * actor; all are busy in turn. One in five seconds an actor fails and is started again.
 */
const [, , socketPath = '', actors = '1000', rate = '5000'] = process.argv;
const TICK_MS = 10;
const FAIL_MS = 5_000;
const GROUP = 48;

interface Count {
  count: number;
}

const counter: Behaviour<Count, number, undefined> = {
  name: 'counter', version: 1, stateKind: 'mutable',
  init: () => ({ count: 0 }),
  step: (state, n) => {
    if (n < 0) throw new Error('told to fail');
    state.count += n;
    return state;
  },
};

const intensity = { restarts: 1_000, withinMs: 1_000 };
const paths: string[] = [];
const groups: SupervisorSpec['children'][number][] = [];
// Supervisors count as actors: the root, `sessions` and each group.
for (let left = Number(actors) - 2, group = 0; left > 0; group++) {
  const id = `group-${group}`;
  const size = Math.min(GROUP, left - 1);
  const children = Array.from({ length: size }, (_, n) => worker({ id: `actor-${n}`, behaviour: counter }));
  groups.push(supervisor({ id, strategy: (['oneForOne', 'oneForAll', 'restForOne'] as const)[group % 3]!, intensity, children }));
  for (const { id: actor } of children) paths.push(`/${id}/${actor}`);
  left -= size + 1;
}
groups.push(dynamicSupervisor({ id: 'sessions', intensity }));
const runtime = createRuntime({ clock: new WallClock(), seed: 'busy' });
const started = runtime.start(supervisor({ id: 'root', strategy: 'oneForOne', intensity, children: groups }));
if (!started.ok) throw new Error(JSON.stringify(started.reason));
runtime.run();
await ControlServer.start({ socketPath, target: { name: 'busy', version: '1', runtime: () => runtime } });
let sent = 0;
const beganMs = performance.now();
setInterval(() => {
  const due = ((performance.now() - beganMs) / 1000) * Number(rate);
  while (sent < due) runtime.send(paths[(sent++ * 37) % paths.length]!, 1);
}, TICK_MS);
setInterval(() => runtime.send(paths[(sent * 11) % paths.length]!, -1), FAIL_MS);
process.send?.('ready');
