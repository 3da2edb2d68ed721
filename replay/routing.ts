import { pathToFileURL } from 'node:url';
import { knownFindingTypes, likelyResourceType } from './known-finding-types.ts';
import { route } from './route.ts';

/** One severity of each band that triggers tell apart. */
const bands = { 'below 4.0': 2, '4.0–6.9': 5, 'from 7.0': 8 } as const;
type Band = keyof typeof bands;

/** What else decides, besides type, resource and severity, as an event says it. */
const deciders: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  Instance: {
    'it acts': { service: { resourceRole: 'ACTOR' } },
    'acted on': { service: { resourceRole: 'TARGET' } },
  },
  AccessKey: usedBy('IAMUser', 'AssumedRole', 'Root'),
  S3Bucket: usedBy('IAMUser', 'AssumedRole', 'Root'),
  EKSCluster: usedBy('IAMUser', 'AssumedRole'),
};

function usedBy(...userTypes: readonly string[]) {
  return Object.fromEntries(
    userTypes.map((userType) => [userType, { accessKeyDetails: { userType } }]),
  );
}

/** How a type is answered: a row for each decider that makes a difference, and why others are not. */
interface Answer {
  readonly rows: readonly Row[];
  readonly whyNone: readonly string[];
}

interface Row {
  readonly of: string;
  readonly playbook: string;
  /** The gravest finding's. */
  readonly priority: string;
  /** `acts`, `asks` (it is a dry run until somebody agrees), `tells` (people, only) or `–`. */
  readonly modes: Readonly<Record<Band, string>>;
}

function answerTo(type: string, routeOf: typeof route): Answer {
  const resourceType = likelyResourceType(type);
  const asked = Object.entries(deciders[resourceType] ?? { any: {} }).map(([of, said]) => {
    const { service = {}, ...resource } = said as { service?: object };
    const routed = Object.entries(bands).map(([band, severity]) => {
      const detail = { type, severity, resource: { resourceType, ...resource }, service };
      const event = { source: 'aws.guardduty', 'detail-type': 'GuardDuty Finding', detail };
      return [band, routeOf(event)] as const;
    });
    return { of, routed };
  });
  const rows = asked.flatMap(({ of, routed }) => rowOf(of, routed) ?? []);
  const reasons = asked.flatMap(({ routed }) =>
    routed.flatMap(([, to]) => (to.playbook === null ? to.reason : [])),
  );
  const same = new Set(rows.map(({ of: _, ...row }) => JSON.stringify(row))).size === 1;
  const [first] = rows;
  const merged = first && same && rows.length === asked.length ? [{ ...first, of: 'any' }] : rows;
  return { rows: merged, whyNone: [...new Set(reasons)] };
}

function rowOf(
  of: string,
  routed: readonly (readonly [band: string, to: ReturnType<typeof route>])[],
): Row | undefined {
  const to = routed.flatMap(([, one]) => (one.playbook === null ? [] : one)).at(-1);
  if (!to) return undefined;
  const modes = routed.map(([band, one]) => {
    if (one.playbook === null) return [band, '–'];
    // Nothing in the account binds root: `open-case` only tells people.
    const acts = of === 'Root' ? 'tells' : 'acts';
    return [band, one.approval === 'required' ? 'asks' : acts];
  });
  // The keys are those of `bands`, which `Object.entries` forgets.
  return { of, playbook: to.playbook, priority: to.priority, modes: Object.fromEntries(modes) };
}

/**
 * Every finding type that is known, under how it is answered: Markdown, at most 100 columns wide.
 *
 * It asks the same triggers that the rules are made of, of the resource that a type is likely to be
 * about; `open-case` may still leave a target to a human. `routeOf` may be another judge of the same
 * patterns.
 */
export function routingTable(routeOf = route): string {
  const answers = new Map<string, { answer: Answer; types: string[] }>();
  for (const type of knownFindingTypes) {
    const answer = answerTo(type, routeOf);
    const key = JSON.stringify(answer);
    const same = answers.get(key);
    if (same) same.types.push(type);
    else answers.set(key, { answer, types: [type] });
  }
  const started = [...answers.values()].filter(({ answer }) => answer.rows.length > 0);
  const none = [...answers.values()].filter(({ answer }) => answer.rows.length === 0);
  return [...started, ...none]
    .map(({ answer, types }) => [...described(answer), '```', ...types, '```', ''].join('\n'))
    .join('\n');
}

function described({ rows, whyNone }: Answer): readonly string[] {
  const playbooks = [...new Set(rows.map(({ playbook }) => `\`${playbook}\``))];
  const reasons = whyNone.flatMap((reason) => wrapped(`- ${reason}`));
  if (rows.length === 0) return ['#### No playbook', '', ...reasons, ''];
  const header = ['of', 'playbook', 'priority', ...Object.keys(bands)];
  return [
    `#### ${playbooks.join(' or ')}`,
    '',
    line(header),
    line(header.map(() => '---')),
    ...rows.map(({ of, playbook, priority, modes }) =>
      line([of, playbook, priority, ...Object.values(modes)]),
    ),
    '',
    ...(reasons.length > 0 ? ['Where none starts:', '', ...reasons, ''] : []),
  ];
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** A paragraph in lines of at most 100 characters, those after the first indented. */
function wrapped(text: string): readonly string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    const longer = last === '' ? word : `${last} ${word}`;
    if (longer.length <= 100) lines[lines.length - 1] = longer;
    else lines.push(`  ${word}`);
  }
  return lines;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.stdout.write(routingTable());
}
