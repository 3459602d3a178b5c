import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { views } from './views.js';

export const helpOpen = signal(false);

/** Keys of single views; each view adds its own. */
export const viewKeys: { readonly view: string; readonly keys: string; readonly does: string }[] = [];

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = helpOpen.value;
  useEffect(() => {
    if (open && dialog.current?.open === false) dialog.current.showModal();
    else if (!open) dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} class="help" aria-label="Keys" onClose={() => (helpOpen.value = false)}>
      <h2>Keys</h2>
      <table>
        <tbody>
          {views.map(({ id, title, key }) => <tr key={id}><th scope="row"><kbd>{key}</kbd></th><td>{title}</td></tr>)}
          <tr><th scope="row"><kbd>?</kbd></th><td>this list</td></tr>
          {viewKeys.map(({ view, keys, does }) => <tr key={`${view} ${keys}`}><th scope="row"><kbd>{keys}</kbd></th><td>{`${view}: ${does}`}</td></tr>)}
        </tbody>
      </table>
      <button type="button" onClick={() => (helpOpen.value = false)}>Close</button>
    </dialog>
  );
}
