/** An exit reason on a few words: its kind, and the innermost cause of an error. */
export function exitText(reason: { readonly kind: string; readonly [field: string]: unknown }): string {
  if (reason.kind !== 'error') return reason.kind;
  let cause = reason['cause'];
  for (let depth = 0; depth < 16; depth++) {
    const inner = typeof cause === 'object' && cause !== null && 'cause' in cause ? cause.cause : undefined;
    if (typeof inner !== 'object' || inner === null) break;
    cause = inner;
  }
  const { name, message } = (typeof cause === 'object' && cause !== null ? cause : {}) as { readonly name?: unknown; readonly message?: unknown };
  const text = `${typeof name === 'string' ? name : 'error'}: ${typeof message === 'string' ? message : ''}`.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
