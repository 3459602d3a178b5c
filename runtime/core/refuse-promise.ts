import { isPromise } from './effects.js';

type Hook = 'step' | 'stop' | 'restore' | 'apply' | 'childExit' | 'the message made of an outcome';

/**
 * Fails where a hook has returned a promise, an `async` function's for one: nothing waits for it, and as a state or a message it is nothing.
 *
 * @throws PromiseReturned with the way out; the promise's own failure is not to end the process
 */
export function refusePromise(value: unknown, behaviour: string, hook: Hook): void {
  if (isPromise(value)) throw promiseReturned(value, behaviour, hook);
}

function promiseReturned(value: PromiseLike<unknown>, behaviour: string, hook: Hook): Error {
  if (value instanceof Promise) value.catch(nothing);
  const error = new Error(`"${behaviour}": ${hook} returned a promise, and a turn is synchronous; take \`async\` away, let an effect do what takes time and have it reply with a message`);
  error.name = 'PromiseReturned';
  return error;
}

function nothing(): void {}
