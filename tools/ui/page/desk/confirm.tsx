import { useEffect, useRef, useState } from 'preact/hooks';
import { confirmationOf, type DeskCommand, type DeskVerb } from '../../wire/desk.js';
import { asked, askAgain, send, sent, type Sent } from './commands.js';
import { timeText } from './format.js';

/** What a command does, for the person who is about to type its confirmation. */
const MEANING: Readonly<Record<DeskVerb, string>> = {
  'pause': 'No openings until it is resumed; entries are withdrawn, exits and stops stay. It outlives the process.',
  'resume': 'Ends the pause: the engine may open positions again.',
  'refresh': 'Reads account, positions and open orders from the exchange now, and reconciles them.',
  'cancel-order': 'Withdraws this one order.',
  'cancel-all': 'Withdraws all our orders except protective stops.',
  'close-symbol': 'Pauses the engine, withdraws entries and targets, and closes the whole position at market, reducing only; its stop goes last.',
  'close-all': 'Pauses the engine and closes every position at market, reducing only; stops go last.',
  'resolve': 'Reads the exchange anew, and gives up an order that it does not list and can no longer take. Should it turn up after all, it is withdrawn.',
  'release': 'Sends requests again although the exchange said to wait. A ban may become longer.',
  'stop': 'Withdraws entries, keeps protective stops, and ends the engine’s process; positions stay open. With “flatten” everything is closed at market first.',
};

export const COMMAND_TITLES: Readonly<Record<DeskVerb, string>> = {
  'pause': 'Pause', 'resume': 'Resume', 'refresh': 'Refresh', 'cancel-order': 'Cancel the order', 'cancel-all': 'Cancel all orders', 'close-symbol': 'Close the position', 'close-all': 'Close everything', 'resolve': 'Give the order up', 'release': 'Release', 'stop': 'Stop',
};

export function aboutText({ args }: Pick<DeskCommand, 'args'>): string {
  return Object.entries(args).filter(([, value]) => value !== false && value !== '').map(([name, value]) => (value === true ? name : String(value))).join(' ');
}

/** Nothing is sent before the person has typed what it is about. */
export function ConfirmDialog() {
  const command = asked.value;
  return command === null ? null : <Confirm key={command.id} command={command} />;
}

function Confirm({ command }: { readonly command: DeskCommand }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState('');
  const [reason, setReason] = useState('');
  useEffect(() => dialog.current?.showModal(), []);
  const phrase = confirmationOf(command);
  const close = (): void => {
    asked.value = null;
  };
  return (
    <dialog ref={dialog} class="desk-confirm" aria-labelledby="desk-confirm-title" onClose={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (typed !== phrase) return;
          const args = (command.verb === 'pause' || command.verb === 'stop') && reason.trim() !== '' ? { ...command.args, reason: reason.trim() } : command.args;
          // Closed first: a second click finds nothing to press.
          close();
          void send({ ...command, args }, phrase);
        }}
      >
        <h2 id="desk-confirm-title">{`${COMMAND_TITLES[command.verb]} ${aboutText(command)}`}</h2>
        <p>{MEANING[command.verb]}</p>
        {command.args['foreign'] === true ? <p class="warn">This is about orders that are not this engine’s.</p> : null}
        {command.verb === 'pause' || command.verb === 'stop' ? <label>why, for the record <input value={reason} maxLength={400} onInput={(event) => setReason(event.currentTarget.value)} /></label> : null}
        <label>to confirm, type <code>{phrase}</code><input class="desk-phrase" value={typed} autocomplete="off" spellcheck={false} autofocus onInput={(event) => setTyped(event.currentTarget.value)} /></label>
        <p class="desk-buttons">
          <button type="submit" class="desk-danger" disabled={typed !== phrase}>{COMMAND_TITLES[command.verb]}</button>
          <button type="button" onClick={close}>Leave it</button>
        </p>
        <p class="muted">{`command ${command.id}`}</p>
      </form>
    </dialog>
  );
}

const STATES: Readonly<Record<Sent['state'], readonly [string, string]>> = { sent: ['under way', 'warn'], done: ['done', 'good'], partly: ['not all done', 'bad'], refused: ['refused', 'warn'], unknown: ['unknown', 'bad'] };

/** What this tab has told the engine, and what became of it. */
export function SentCommands({ source }: { readonly source: string }) {
  const own = sent.value.filter((each) => each.source === source);
  if (own.length === 0) return null;
  return (
    <section class="desk-part" aria-label="Commands of this page">
      <h2>Commands of this page</h2>
      <div class="visually-hidden" role="status">{`${own[0]!.verb} ${aboutText(own[0]!)}: ${STATES[own[0]!.state][0]}`}</div>
      <ul class="desk-sent">
        {own.map((each) => (
          <li key={each.id}>
            <span class={STATES[each.state][1]}>{STATES[each.state][0]}</span> <strong>{`${each.verb} ${aboutText(each)}`}</strong> <span class="muted">{timeText(each.atMs * 1000)}</span>
            <div>{each.text}</div>
            {each.state === 'unknown' ? <button type="button" onClick={() => void askAgain(each)}>Ask again (the same id)</button> : null}
            {each.answer === '' ? null : <details><summary>the engine’s answer</summary><pre>{each.answer}</pre></details>}
          </li>
        ))}
      </ul>
    </section>
  );
}
