import { chartOfMachine } from '../../runtime/index.js';
import { layoutOf } from './layout.js';
import { PRODUCT_MACHINES, type ProductMachine } from './machines.js';
import { mermaidOf } from './mermaid.js';
import { svgOf } from './svg.js';

/** Every file of docs/machines by its name: a picture and a Mermaid diagram of each machine, and the page that shows them. */
export async function chartFiles(machines: readonly ProductMachine[] = PRODUCT_MACHINES): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const { name, summary, machine } of machines) {
    const chart = chartOfMachine(machine);
    files.set(`${name}.svg`, svgOf(await layoutOf(chart), summary));
    files.set(`${name}.mmd`, mermaidOf(chart.model));
  }
  files.set('README.md', pageOf(machines));
  return files;
}

function pageOf(machines: readonly ProductMachine[]): string {
  return `# State machines

<!-- Made by \`npx faultline charts export\`; a test holds it equal to the program. -->

Every state machine of Faultline, drawn from its definition: how they are made and looked at while they run is in [statecharts](../statecharts.md).
A dot is where a region begins, a double border an end, \`[…]\` a guard, \`after\` a delay; what follows a \`/\` are actions. Transitions that leave a state
where it is stand inside it.
${machines.map(({ name, title, file, summary }) => `
## ${title}

${summary} Defined in [\`${file}\`](../../${file}); as [Mermaid](${name}.mmd).

![Statechart of ${name}](${name}.svg)
`).join('')}`;
}
