import { type State, type States, statesOf } from '../../replay/workflow.ts';
import { drawn, quoted, style } from './picture.ts';

const looks: Readonly<Record<string, string>> = {
  Task: 'fillcolor="#ebf4ff", color="#2b6cb0"',
  Choice: 'shape=diamond, style=filled, fillcolor="#fffff0", margin="0.03,0.02", fontsize=10',
  Wait: 'shape=octagon, style=filled, fillcolor="#faf5ff", margin="0.08,0.03"',
  Pass: 'style="rounded,filled,dashed", fillcolor="#f7fafc", fontcolor="#4a5568"',
  Succeed: 'fillcolor="#c6f6d5", color="#2f855a"',
  Fail: 'fillcolor="#fed7d7", color="#c53030"',
};

/** A playbook's workflow as it is deployed: its states, their order, and where a failure leads. */
export async function pictureOfWorkflow(playbook: string, machine: States): Promise<string> {
  const all = new Map(statesOf(machine));
  const edges = [...all].flatMap(([name, state]) => edgesOf(name, state, all));
  const lines = ['digraph {', 'compound=true', style, ...nodesOf(machine), ...edges, '}'];
  return drawn(lines.join('\n'), `The workflow of ${playbook}`);
}

const partsOf = ({ Branches = [], Iterator: repeated }: State): readonly States[] => [
  ...Branches,
  ...(repeated ? [repeated] : []),
];

const frameOf = (name: string) => quoted(`cluster ${name}`);

/** A state that has others in it is a frame around them, with its name on it. */
const nodesOf = ({ States: states }: States): string[] =>
  Object.entries(states).flatMap(([name, state]) => {
    const parts = partsOf(state);
    if (parts.length === 0) {
      return [`${quoted(name)} [label=${quoted(broken(name))}, ${looks[state.Type]}]`];
    }
    const look = 'style="rounded,filled"; color="#a0aec0"; fillcolor="#f7fafc"';
    return [
      `subgraph ${frameOf(name)} { label=${quoted(name)}; ${look}`,
      ...parts.flatMap(nodesOf),
      '}',
    ];
  });

/** Names are sentences: on two lines where one is long. */
function broken(name: string): string {
  if (name.length <= 20) return name;
  const middle = name.length / 2;
  const spaces = [...name.matchAll(/ /g)].map(({ index }) => index);
  const nearest = spaces.toSorted((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0];
  return nearest === undefined ? name : `${name.slice(0, nearest)}\n${name.slice(nearest + 1)}`;
}

type All = ReadonlyMap<string, State>;

function edgesOf(name: string, state: State, all: All): string[] {
  const { Next, Choices = [], Default, Catch = [] } = state;
  const edge = (to: unknown, ...look: readonly string[]) =>
    typeof to === 'string' ? [edgeBetween(name, to, look, all)] : [];
  const caught = 'color="#c53030", style=dotted';
  return [
    ...edge(Next),
    ...Choices.flatMap((choice) => edge(choice.Next)),
    ...edge(Default, 'style=dashed'),
    ...new Set(Catch.flatMap((catcher) => edge(catcher.Next, caught))),
  ];
}

/** Graphviz draws no edge to a frame: it goes to a state inside and is cut off at the border. */
function edgeBetween(from: string, to: string, look: readonly string[], all: All): string {
  const isFrame = (name: string) => partsOf(all.get(name) ?? { Type: 'Pass' }).length > 0;
  const attributes = [
    ...look,
    ...(isFrame(from) ? [`ltail=${frameOf(from)}`] : []),
    ...(isFrame(to) ? [`lhead=${frameOf(to)}`] : []),
  ];
  return `${quoted(lastIn(from, all))} -> ${quoted(firstIn(to, all))} [${attributes.join(', ')}]`;
}

function firstIn(name: string, all: All): string {
  const [part] = partsOf(all.get(name) ?? { Type: 'Pass' });
  return part ? firstIn(part.StartAt, all) : name;
}

function lastIn(name: string, all: All): string {
  const [part] = partsOf(all.get(name) ?? { Type: 'Pass' });
  if (!part) return name;
  const ends = Object.entries(part.States).filter(([, { End, Type }]) => End || Type === 'Succeed');
  return lastIn(ends.at(-1)?.[0] ?? part.StartAt, all);
}
