import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { StepBy, TimeCursor, TimeSpan, TimeState } from '../../wire/time.js';
import { viewKeys } from '../help.js';
import { instant, path, source, sourceInfo } from '../state.js';
import { Cause } from './cause.js';
import { Mailbox } from './mailbox.js';
import { busy, canReopen, cause, closePast, cursor, isFlight, isOpen, marks, openPast, problem, seek, startTravelling, step, targetOf, toNow, travel, unknowns, utc, why } from './session.js';
import { Track } from './track.js';

const KEYS = [
  { view: 'time', keys: '[ ]', does: 'a decision back, forward' }, { view: 'time', keys: '{ }', does: 'a restart back, forward' },
  { view: 'time', keys: '< >', does: 'an event of the selected actor back, forward' }, { view: 'time', keys: ', .', does: 'a turn back, forward' },
  { view: 'time', keys: 'arrows, page, home, end', does: 'on the slider: a thousandth, a twentieth, beginning, end' },
];
const STEP_KEYS: Readonly<Record<string, readonly [StepBy, 1 | -1]>> = {
  '[': ['decision', -1], ']': ['decision', 1], '{': ['restart', -1], '}': ['restart', 1], '<': ['event', -1], '>': ['event', 1], ',': ['turn', -1], '.': ['turn', 1],
};
/** How far keys move the slider, in shares of the span. */
const SMALL = 1 / 1000;
const LARGE = 1 / 20;

/** On a phone the dock is one line until it is opened. */
const unfolded = signal(false);

/** The slider below every view: where in the past one looks, and the steps from there. */
export function TimeDock() {
  useEffect(startTravelling, []);
  useEffect(() => {
    if (!viewKeys.includes(KEYS[0]!)) viewKeys.push(...KEYS);
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const state = travel.value;
  const info = sourceInfo.value;
  if (problem.value !== '') {
    return (
      <section class="time-dock is-short" aria-label="Time travel">
        <span class="warn" role="status">{problem.value}</span>
        {canReopen.value ? <button type="button" onClick={openPast}>open again</button> : null}
      </section>
    );
  }
  if (!isOpen.value) {
    const writes = info?.kind === 'process' && info.run !== null;
    return (
      <section class="time-dock is-short" aria-label="Time travel">
        {writes ? <button type="button" onClick={openPast}>travel in time</button> : null}
        <span class="muted">{writes ? 'replays what this process has recorded, in a thread of its own' : 'its past can be travelled in when it has answered'}</span>
      </section>
    );
  }
  if (state !== null && isFlight.value && !state.ready) return <section class="time-dock is-short" aria-label="Time travel"><span class="muted" role="status">nothing is recorded of this process yet</span></section>;
  if (state === null) return <section class="time-dock is-short" aria-label="Time travel"><span class="muted" role="status">opening the recording</span></section>;
  return (
    <section class={`time-dock${unfolded.value ? ' is-unfolded' : ''}${state.ready ? '' : ' is-reading'}`} aria-label="Time travel">
      <Slider state={state} />
      <div class="time-row">
        <Place state={state} />
        <Steps state={state} />
        <button type="button" aria-pressed={instant.value === null} onClick={toNow} title={source.value.startsWith('process:') ? 'how things stand now' : 'the end of the recording'}>{source.value.startsWith('process:') ? 'live' : 'end'}</button>
        <button type="button" disabled={cursor.value === null || cursor.value.decision === 0} class="time-why" onClick={() => void why()} title="go to what led to the last decision">why?</button>
        <GoTo />
        {source.value.startsWith('process:') && !isFlight.value ? <button type="button" class="quiet time-close" onClick={closePast}>close</button> : null}
        <button type="button" class="quiet time-fold" aria-expanded={unfolded.value} aria-label="slider and steps" onClick={() => (unfolded.value = !unfolded.value)}>{unfolded.value ? '▾' : '▴'}</button>
      </div>
      <Said state={state} />
      <Mailbox />
    </section>
  );
}

function Slider({ state: { span, ready, progress } }: { readonly state: TimeState }) {
  const at = cursor.value;
  // While it is dragged it shows where the hand is, not where the last answer came from.
  const [held, setHeld] = useState<number | null>(null);
  const length = Math.max(1, span.toUs - span.fromUs);
  const share = held ?? (at === null ? 1 : (at.atUs - span.fromUs) / length);
  const goTo = (wished: number): void => {
    const bounded = Math.min(1, Math.max(0, wished));
    void seek(bounded >= 1 ? { end: true } : { atUs: Math.round(span.fromUs + bounded * length) });
  };
  return (
    <div class="time-slider">
      <Track marks={marks.value} share={share} />
      <input
        type="range" min="0" max="1" step="any" value={share} aria-label="instant" aria-valuetext={at === null ? 'now' : utc(at.atUs)}
        onInput={(event) => {
          setHeld(event.currentTarget.valueAsNumber);
          goTo(event.currentTarget.valueAsNumber);
        }}
        onChange={() => setHeld(null)}
        onKeyDown={(event) => {
          const move = { ArrowLeft: -SMALL, ArrowDown: -SMALL, ArrowRight: SMALL, ArrowUp: SMALL, PageDown: -LARGE, PageUp: LARGE, Home: -2, End: 2 }[event.key];
          if (move === undefined) return;
          event.preventDefault();
          goTo(share + move);
        }}
      />
      {ready ? null : (
        <div class="time-pass" role="status">
          <progress max={1} value={progress} aria-label="first pass" />
          <span>{`reading the recording: ${Math.floor(progress * 100)} %, ${span.records.toLocaleString('en')} records`}</span>
          <button type="button" onClick={() => (source.value = '')}>call off</button>
        </div>
      )}
    </div>
  );
}

function Place({ state: { span } }: { readonly state: TimeState }) {
  const at = cursor.value;
  if (at === null) return <span class="time-place" role="status"><strong>{source.value.startsWith('process:') ? 'now' : '…'}</strong></span>;
  return (
    <span class={busy.value ? 'time-place is-busy' : 'time-place'} role="status">
      <strong><span class="time-day">{utc(at.atUs).slice(0, 11)}</span>{utc(at.atUs).slice(11)}</strong>{' '}
      <span class="muted">{counts(at, span)}</span>{' '}
      {at.last === null || at.last.path === '' ? null : <button type="button" class="quiet time-last" title="select this actor" onClick={() => (path.value = at.last!.path)}>{`${at.last.kind} ${at.last.path}`}</button>}
    </span>
  );
}

/** Records, decisions and turns of a recording; of a flight, which numbers none, the events that were heard. */
function counts(at: TimeCursor, span: TimeSpan): string {
  const of = (name: string, value: number, most: number): string => `${name} ${value.toLocaleString('en')} of ${most.toLocaleString('en')}`;
  const restart = of('restart', at.restart, span.restarts);
  return (isFlight.value ? [of('event', at.event, span.events), restart] : [of('record', at.record, span.records), of('decision', at.decision, span.decisions), of('turn', at.turn, span.turns), restart]).join(' · ');
}

const STEPPERS: readonly { readonly by: StepBy; readonly name: string }[] = [{ by: 'decision', name: 'decision' }, { by: 'event', name: 'event of the actor' }, { by: 'restart', name: 'restart' }, { by: 'turn', name: 'turn' }];

function Steps({ state: { ready, span } }: { readonly state: TimeState }) {
  return (
    <span class="time-steps">
      {STEPPERS.map(({ by, name }) => {
        const off = !ready || (by === 'event' && path.value === '') || (by === 'decision' && span.decisions === 0);
        return (
          <span key={by} class={`time-step is-${by}`} role="group" aria-label={name}>
            <button type="button" disabled={off} aria-label={`${name} back`} onClick={() => void step(by, -1)}>‹</button>
            <span class="muted">{by}</span>
            <button type="button" disabled={off} aria-label={`${name} forward`} onClick={() => void step(by, 1)}>›</button>
          </span>
        );
      })}
    </span>
  );
}

function GoTo() {
  return (
    <form
      class="time-goto"
      onSubmit={(event) => {
        event.preventDefault();
        const said = new FormData(event.currentTarget).get('to');
        const target = typeof said === 'string' ? targetOf(said) : null;
        if (target !== null) void seek(target);
      }}
    >
      <input name="to" aria-label="go to" placeholder="decision 12, a time, an order’s id" />
    </form>
  );
}

/** What is to be known of the recording, and what led to the decision that was asked for. */
function Said({ state: { about, problem: ends, differsAt } }: { readonly state: TimeState }) {
  const found = cause.value;
  const info = sourceInfo.value;
  // What still goes on has no end, and that is no news.
  const isWritten = info?.state === 'live' || info?.state === 'written';
  const warnings = [
    ...(differsAt === null ? [] : [`replayed, decision ${differsAt} is another than the recorded one: from there on this may not be what was`]), ...(ends === null || isWritten ? [] : [ends]),
  ];
  return (
    <>
      {warnings.map((text) => <p key={text} class="time-said warn">{text}</p>)}
      {unknowns.value.map((text) => <p key={text} class="time-said muted">{text}</p>)}
      {about.notes.map((text) => <p key={text} class="time-said muted">{text}</p>)}
      {found === null ? null : <Cause cause={found} onClose={() => (cause.value = null)} />}
    </>
  );
}

function onKey(event: KeyboardEvent): void {
  const { target } = event;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || (target instanceof HTMLElement && ['TEXTAREA', 'SELECT'].includes(target.tagName))) return;
  if (target instanceof HTMLInputElement && target.type !== 'range') return;
  const [by, direction] = STEP_KEYS[event.key] ?? [];
  if (by === undefined || direction === undefined || travel.value === null || (by === 'event' && path.value === '')) return;
  event.preventDefault();
  void step(by, direction);
}
