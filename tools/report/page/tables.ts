import { html, type Content, type Markup } from './html.js';

/** A column: `n` numbers to the right, `t` a time or name that is not broken, `w` words. */
export interface Column {
  readonly title: string;
  readonly kind?: 'n' | 't' | 'w';
}

/** A table with its caption; scrolls sideways by itself. The first column names the row. */
export function dataTable(caption: string, columns: readonly Column[], rows: readonly (readonly Content[])[], omitted = 0, hint = ''): Markup {
  const left = omitted === 0 ? null : html`; ${omitted.toLocaleString('en-US')} more between the first and the last are left out${hint === '' ? '' : ` (${hint})`}`;
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table><caption>${caption}${left}</caption><thead><tr>${columns.map(({ title, kind }) => html`<th scope="col"${kind === 'n' ? html` class="n"` : null}>${title}</th>`)}</tr></thead><tbody>
${rows.map((row) => html`<tr>${row.map((cell, at) => (at === 0 ? html`<th scope="row">${cell}</th>` : html`<td${columns[at]?.kind === undefined ? null : html` class="${columns[at].kind}"`}>${cell}</td>`))}</tr>
`)}</tbody></table></div>
`;
}

/** Names and what they are. */
export function pairTable(caption: string, rows: readonly (readonly [name: string, value: Content] | null)[]): Markup {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table class="pair"><caption>${caption}</caption><tbody>${rows.map((row) => row !== null && html`<tr><th scope="row">${row[0]}</th><td class="w">${row[1]}</td></tr>
`)}</tbody></table></div>
`;
}

/** Figures that are read first. */
export function cards(rows: readonly (readonly [name: string, value: Content, below?: Content] | null)[]): Markup {
  return html`<dl class="cards">${rows.map((row) => row !== null && html`<div class="card"><dt>${row[0]}</dt><dd>${row[1]}${row[2] === undefined ? null : html`<small>${row[2]}</small>`}</dd></div>`)}</dl>
`;
}

export const section = (id: string, title: string, content: Content): Markup => html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${content}</section>
`;
