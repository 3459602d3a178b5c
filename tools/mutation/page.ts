import { type FileScore, nameOf, percent, type ReasonGroup, type Survivor } from './report.js';

export interface PageOptions {
  /** Day of the run, ISO. */
  readonly date: string;
  readonly stryker: string;
  readonly node: string;
  readonly seconds: number;
  /** Runs it is put together of; 1 is a whole run. */
  readonly parts: number;
  readonly files: readonly FileScore[];
  readonly supervision: readonly FileScore[];
  readonly found: readonly Survivor[];
  readonly reasons: readonly ReasonGroup[];
}

/** docs/mutation.md: the last run, and every mutant that survived it with the reason. */
export function page({ date, stryker, node, seconds, parts, files, supervision, found, reasons }: PageOptions): string {
  const reasonOf = new Map(reasons.flatMap(({ reason, mutants }) => mutants.map((name) => [name, reason] as const)));
  const rows = files.map((score) => `| ${score.file} | ${score.mutants} | ${score.killed} | ${score.timedOut} | ${score.survived} | ${percent([score]).toFixed(1)} |`);
  const groups = new Map<string, Survivor[]>();
  for (const survivor of found) {
    const reason = reasonOf.get(nameOf(survivor)) ?? 'NO REASON YET';
    groups.set(reason, [...(groups.get(reason) ?? []), survivor]);
  }
  const sections = [...groups].map(([reason, members]) => [
    `**${reason}**`, '', '| Where | Code | becomes |', '|---|---|---|',
    ...members.map(({ file, line, original, becomes, covered }) => `| ${file.replace('runtime/', '')}:${line}${covered ? '' : ' (no test runs it)'} | ${cell(original)} | ${cell(becomes)} |`), '',
  ].join('\n'));
  return `# Mutation tests

Written by \`npm run mutation\`; do not edit. ${parts === 1 ? 'The last whole run' : `Put together of ${parts} runs of some files each, of the same sources`}: ${date}, Stryker ${stryker}, Node ${node}, ${seconds} s.

Every change that Stryker knows (conditions, operators, literals, blocks, calls left out) is made to the supervision code (with \`--core\` also to
the part of the core that decides exits and restarts, see [mutation-core.md](mutation-core.md)), one at a time. The tests run against it: \`tests/conformance\`, \`tests/runtime\`
(but lanes, rings, the control socket, compiled machines, docs and heap) and a seeded sample of the [properties](properties.md). A mutant is killed when a test fails or
hangs. Tests that measure time or wait for the collector are left out. Tests are loaded once into each of two processes (\`tools/mutation/runner.ts\`), so a mutant costs its tests and no start of Node.

**Supervision: ${percent(supervision).toFixed(1)} %** (floor 90 %). All files: ${percent(files).toFixed(1)} %.

| File | Mutants | Killed | Timed out | Survived | % |
|---|---|---|---|---|---|
${rows.join('\n')}

Stryker and a newer Node, where the host's is too old, are installed on demand beside the project's cache, never into the project.
The command ends with 6 when supervision is under the floor, when a mutant survives that has no reason in
\`tools/mutation/reasons.json\`, or when a reason there has no mutant any more.

## Survivors

${sections.length === 0 ? 'None.\n' : sections.join('\n')}`;
}

/** Code in a cell of a table: bars and back-ticks would end it. */
function cell(code: string): string {
  const text = code === '' ? '(nothing)' : code;
  return `\`${text.replaceAll('|', '\\|').replaceAll('`', "'")}\``;
}
