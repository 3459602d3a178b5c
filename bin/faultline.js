#!/usr/bin/env node
// The command's entry: checks what the compiled program needs before loading it, so that a wrong Node or a
// missing build is one clear line and not a stack trace.
import { existsSync } from 'node:fs';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`faultline: needs Node 20.19 or newer, this is ${process.versions.node}`);
  process.exit(78);
}
const main = new URL('../dist/tools/cli/main.js', import.meta.url);
if (!existsSync(main)) {
  console.error('faultline: not built yet; run: npm run build');
  process.exit(78);
}
const { run } = await import(main.href);
await run(process.argv.slice(2));
