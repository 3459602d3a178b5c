import type { TimeCause, TimeFrom } from '../../wire/time.js';
import { timeText } from '../../wire/market-text.js';
import { ValueTree } from '../tree/value.js';

type Fields = Readonly<Record<string, unknown>>;

/** A decision and what led to it, each as its fields. */
export function Cause({ cause, onClose }: { readonly cause: TimeCause; readonly onClose: () => void }) {
  const { kind, by, atUs, data, ...rest } = fieldsOf(cause.line);
  return (
    <section class="time-cause" aria-label="cause">
      <div>
        <h3>{`decision ${cause.decision}: ${cause.line === null ? 'one of so many that its words were not kept' : wordOf(kind)}`}</h3>
        {cause.line === null ? null : <p class="muted">{`by ${wordOf(by)}${typeof atUs === 'number' ? ` at ${timeText(atUs)}` : ''}`}</p>}
        <div class="value-tree">{isFields(data) ? Object.entries({ ...rest, ...data }).map(([name, value]) => <ValueTree key={name} name={name} value={value} depth={1} />) : <ValueTree value={rest} />}</div>
      </div>
      <From from={cause} />
      <button type="button" class="quiet time-cause-close" aria-label="Close the cause" onClick={onClose}>×</button>
    </section>
  );
}

/** The record, the input or the time-out that something came from. */
export function From({ from: { record, input, timer, text } }: { readonly from: TimeFrom }) {
  if (record !== null) return <div><h3>from the record</h3><div class="value-tree">{Object.entries(record).map(([name, value]) => <ValueTree key={name} name={name} value={value} />)}</div></div>;
  if (input !== null) {
    const { type = '', ...message } = input.message as Fields;
    return (
      <div>
        <h3>{`from the input ${wordOf(type)}`}</h3>
        <p class="muted">{`to ${input.to} at ${timeText(input.atUs)}`}</p>
        <div class="value-tree">{Object.entries(message).map(([name, value]) => <ValueTree key={name} name={name} value={value} depth={1} />)}</div>
      </div>
    );
  }
  if (timer === null) return <div><h3>from</h3><p>{text}</p></div>;
  return (
    <div>
      <h3>{timer.key === null ? 'from a time-out' : `from the time-out ${timer.key}`}</h3>
      <p class="muted">{`of ${timer.path === '' ? 'the runtime' : timer.path} at ${timeText(timer.atUs)}`}</p>
    </div>
  );
}

function fieldsOf(line: string | null): Fields {
  const value: unknown = line === null ? {} : JSON.parse(line);
  return isFields(value) ? value : { value };
}

const wordOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
