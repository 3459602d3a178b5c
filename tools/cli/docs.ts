import { EXIT_CODES } from './errors.js';
import { everyCommand, isGroup, type CommandNode } from './tree.js';

const GENERATED = '<!-- Made by `npm run docs`; a test holds it equal to the program. -->';

/** docs/exit-codes.md: the one table of the whole product. */
export function exitCodesPage(): string {
  const rows = Object.entries(EXIT_CODES).map(([name, { code, meaning }]) => `| ${code} | \`${name}\` | ${meaning} |`);
  return `# Exit codes

${GENERATED}

Every program of Faultline ends with one of these codes.

| code | name | meaning |
| ---: | --- | --- |
${rows.join('\n')}

A failure is one line on standard error that says what is wrong, and usually a second one, \`fix: …\`, that says the way
out. With \`--json\` the failure is also the one JSON value on standard output, unless the command has printed its
report there already:

\`\`\`json
{ "error": { "code": 3, "exit": "badInput", "message": "…", "fix": "…" } }
\`\`\`

\`fix\` is null where there is none; a refused configuration adds \`problems\` (docs/configuration.md). Codes 10, 11, 12
and 78 are for whatever restarts the process: 10 and 12 may be restarted with back-off, 11 and 78 must wait for a person.
A reader that closes the pipe early (\`faultline tape export … | head\`) ends the command quietly, with the code it had.
`;
}

/** docs/cli.md: every command, argument and option. */
export function cliPage(tree: CommandNode): string {
  const sections = [...everyCommand(tree)].map((node) => (node.path.length === 0 ? overview(node) : section(node)));
  return `# The \`faultline\` command

${GENERATED}

In a checkout the command is \`npx faultline …\`. Results go to standard output, everything else (progress, notes, errors)
to standard error; \`--json\` prints exactly one JSON value. Exit codes: [exit-codes.md](exit-codes.md). Progress bars and
colours appear on a terminal only; \`NO_COLOR\` and \`FORCE_COLOR\` are obeyed. Ctrl-C ends any command with code 130 and
keeps what was complete; one that streams (\`trace\`, \`ps --watch\`, \`logs --follow\`) ends with 0 and prints a JSON value a line.
How to run and watch a process: [operations.md](operations.md).

${sections.join('\n')}`;
}

function overview(node: CommandNode): string {
  const rows = [...everyCommand(node)].filter((child) => !isGroup(child)).map((child) => `| [\`faultline ${child.path.join(' ')}\`](#${anchor(child)}) | ${cell(child.description)} |`);
  return `| command | what it does |\n| --- | --- |\n${rows.join('\n')}\n`;
}

function section(node: CommandNode): string {
  if (isGroup(node)) return '';
  const lines = [`## faultline ${node.path.join(' ')}`, '', sentence(node.description), '', '```', node.usage, '```', ''];
  if (node.arguments.length > 0) {
    lines.push('| argument | meaning |', '| --- | --- |');
    for (const { usage, description, value } of node.arguments) lines.push(`| \`${usage}\` | ${cell(withChoices(description, value))} |`);
    lines.push('');
  }
  const options = node.options.filter(({ names }) => !names.includes('--help'));
  if (options.length > 0) {
    lines.push('| option | meaning |', '| --- | --- |');
    for (const { flags, description, value, required } of options) {
      lines.push(`| \`${flags}\`${required ? ' (required)' : ''} | ${cell(value === undefined ? description : withChoices(description, value))} |`);
    }
    lines.push('');
  }
  return lines.join('\n');
}

function withChoices(description: string, value: { readonly kind: string; readonly choices?: readonly string[] }): string {
  return value.choices === undefined ? description : `${description}; one of ${value.choices.map((choice) => `\`${choice}\``).join(', ')}`;
}

function anchor(node: CommandNode): string {
  return ['faultline', ...node.path].join('-');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll(/\s*\n\s*/g, ' ');
}

function sentence(text: string): string {
  const first = text.slice(0, 1).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
