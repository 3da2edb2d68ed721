import { instance } from '@viz-js/viz';

const font = 'fontname="Helvetica,Arial,sans-serif"';

/** What every picture of the docs has alike: readable on white and on dark pages. */
export const style = [
  `graph [bgcolor="white", ${font}, fontsize=12, pad=0.2, nodesep=0.25, ranksep=0.35]`,
  `node [shape=box, style="rounded,filled", fillcolor="white", color="#4a5568", ${font}, fontsize=11, margin="0.3,0.07"]`,
  `edge [color="#4a5568", ${font}, fontsize=9, arrowsize=0.6]`,
].join('\n');

/** A string as DOT has it. */
export const quoted = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;

/** Draws a graph in DOT as SVG, without what only Graphviz itself reads; `title` is read out. */
export async function drawn(dot: string, title: string): Promise<string> {
  const viz = await instance();
  const svg = viz.renderString(dot, { format: 'svg' });
  return svg
    .replace(/^[\s\S]*?(?=<svg)/, '')
    .replaceAll(/<!--[\s\S]*?-->\n?/g, '')
    .replaceAll(/<title>[\s\S]*?<\/title>\n?/g, '')
    .replaceAll(/ (?:id|class)="(?:node|edge|clust|graph)\d*"/g, '')
    .replaceAll(/(\d+\.\d)\d+/g, '$1')
    .replace(/(<svg[^>]*>)/, `$1\n<title>${title}</title>`);
}
