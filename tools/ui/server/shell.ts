import { createHash } from 'node:crypto';
import type { ShellFiles } from './files.js';

export interface Shell {
  readonly html: string;
  /** `sha256-…` of the import map, the one script that stands in the page itself. */
  readonly scriptHash: string;
}

/** The empty page: no word of any process is in it. */
export function shell({ imports, stylesheets, byPath }: ShellFiles): Shell {
  const importMap = JSON.stringify({ imports });
  const preloads = [...byPath.keys()].filter((path) => path.endsWith('.js'));
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>Faultline</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M1 10h4l2-7 2 11 2-6h4' fill='none' stroke='%23e07a3f' stroke-width='1.6'/%3E%3C/svg%3E">
${stylesheets.map((path) => `<link rel="stylesheet" href="${path}">`).join('\n')}
<script type="importmap">${importMap}</script>
${preloads.map((path) => `<link rel="modulepreload" href="${path}">`).join('\n')}
<script type="module" src="/ui/page/main.js"></script>
</head>
<body>
<noscript>This page is a program: it needs JavaScript. In a terminal there is <code>faultline top</code>.</noscript>
<div id="app"></div>
</body>
</html>
`;
  return { html, scriptHash: `sha256-${createHash('sha256').update(importMap).digest('base64')}` };
}
