import { workerData } from 'node:worker_threads';
import { Bell } from '../../../../runtime/lanes/index.js';

// Answers every ring of one bell with one of the other.
const { ping, pong, rounds } = workerData as { ping: SharedArrayBuffer; pong: SharedArrayBuffer; rounds: number };
const [heard, answer] = [Bell.open(ping), Bell.open(pong)];
for (let round = 0; round < rounds; round++) {
  // The first ring may have come before this thread did.
  while (heard.value === round && !heard.wait(round, 60_000)) throw new Error(`nobody rang in round ${round}`);
  answer.ring();
}
