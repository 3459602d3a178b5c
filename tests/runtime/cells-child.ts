import { writeSync } from 'node:fs';
import { type ActorContext, type ActorRef, createRuntime, supervisor, VirtualClock, worker } from '../../runtime/index.js';

// Run with --trace-gc. Between the two marks: four million messages from outside to a thousand actors, and four million that two
// actors pass to each other. The messages are made before; whatever else a message cost would be collected in between.

interface Ball { readonly type: 'ball'; readonly to: ActorRef<Ball> | null }

const sum = new Float64Array(2);
const left = new Int32Array(1);
const counter = { name: 'counter', version: 1, init: () => 0, step: (state: number) => { sum[0] = sum[0]! + 1; return state; } };
const balls: Ball[] = [];
const player = {
  name: 'player', version: 1, init: () => 0,
  step: (state: number, ball: Ball, ctx: ActorContext<Ball>) => {
    sum[1] = sum[1]! + 1;
    if (left[0]-- > 0) ctx.send(ball.to!, ball === balls[0] ? balls[1]! : balls[0]!);
    return state;
  },
};

const ACTORS = 1000;
const runtime = createRuntime({ clock: new VirtualClock() });
runtime.start(supervisor({
  id: 'root', strategy: 'oneForOne', intensity: { restarts: 1, withinMs: 1 },
  children: [
    ...Array.from({ length: ACTORS }, (_, n) => worker({ id: `c${n}`, behaviour: counter })),
    worker({ id: 'ping', behaviour: player }), worker({ id: 'pong', behaviour: player }),
  ],
}));
const refs = Array.from({ length: ACTORS }, (_, n) => runtime.ref<string>(`/c${n}`));
balls.push({ type: 'ball', to: runtime.ref('/pong') }, { type: 'ball', to: runtime.ref('/ping') });

function pass(rounds: number): void {
  for (let round = 0; round < rounds; round++) {
    for (let n = 0; n < ACTORS; n++) runtime.send(refs[n]!, 'tick');
    if (round % 4 === 3) runtime.drain();
  }
  left[0] = rounds * ACTORS;
  runtime.send('/ping', balls[0]!);
  runtime.drain();
}

for (let k = 0; k < 5; k++) pass(400);
sum.fill(0);
writeSync(1, 'BEGIN\n');
pass(4000);
writeSync(1, `END ${sum[0]} ${sum[1]}\n`);
