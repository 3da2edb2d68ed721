import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { steps } from '../../functions/index.ts';
import type { Step } from '../../functions/shared/step.ts';
import { costOf, gigabytesOf } from '../../infra/docs/cost.ts';
import { type Facts, facts, generated } from '../../infra/docs/generated.ts';
import { reasons } from '../../infra/docs/reasons.ts';
import { idleCost } from '../../infra/idle-cost.ts';
import { loadWorkflows, statesOf } from '../../replay/workflow.ts';

const inRepository = (path: string) =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

let known: Facts;
beforeAll(async () => {
  known = await facts();
}, 60_000);

describe('what the docs have from the code', () => {
  it('is as `npm run docs` writes it', async () => {
    const files = await generated(known);
    const stale = [...files].filter(([path, text]) => inRepository(path) !== text);
    expect(stale.map(([path]) => `${path}: run npm run docs`)).toEqual([]);
  });
});

describe('the cost', () => {
  it('of a month in which nothing happens is at most 6 USD for the responder, 1 for each stack beside', () => {
    for (const { stack, resources } of known.templates) {
      expect(idleCost(resources).usd, stack).toBeLessThanOrEqual(
        stack.endsWith('-responder') ? 6 : 1,
      );
    }
  });

  it('of an incident is at most 0.002 USD, but for its polls; with approval at most 0.003', () => {
    const responder = known.templates.find(({ stack }) => stack.endsWith('-responder'));
    const gigabytes = responder ? gigabytesOf(responder) : Number.NaN;
    for (const incident of known.used) {
      expect(costOf(incident, gigabytes).each, incident.name).toBeLessThanOrEqual(
        incident.approved ? 0.003 : 0.002,
      );
    }
  });

  it('is not taken for nothing where nobody has said what a resource costs', () => {
    const resources = { Nat: { Type: 'AWS::EC2::NatGateway' } };
    expect(() => idleCost(resources)).toThrow('what does AWS::EC2::NatGateway cost');
  });

  it('counts every key and alarm of a stack, and each dashboard but three', () => {
    const of = (Type: string, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`${Type}${n}`, { Type }]));
    const resources = {
      ...of('AWS::KMS::Key', 2),
      ...of('AWS::CloudWatch::Alarm', 3),
      ...of('AWS::CloudWatch::Dashboard', 4),
      ...of('AWS::Lambda::Function', 5),
    };
    expect(idleCost(resources).usd).toBe(2 + 0.3 + 3);
  });
});

describe('the pictures', () => {
  it('name every state of each workflow, and every machine', () => {
    const words = (svg: string) =>
      [...svg.matchAll(/<text[^>]*>([^<]*)</g)]
        .map(([, text]) => text)
        .join(' ')
        .replaceAll('&#45;', '-');
    for (const { playbook, machine } of loadWorkflows(steps).values()) {
      const svg = words(inRepository(`docs/workflows/${playbook}.svg`));
      for (const [name] of statesOf(machine)) expect(svg, playbook).toContain(name);
      expect(words(inRepository('docs/architecture.svg'))).toContain(`cordon-prod-${playbook}`);
    }
  });
});

describe('the table of permissions', () => {
  const all: readonly Step[] = steps;
  const declared = all.flatMap(({ reads, writes, undo }) =>
    Object.keys({ ...reads, ...writes, ...undo?.reads, ...undo?.writes }),
  );

  it('says of every action why, and of no other', () => {
    expect(Object.keys(reasons).sort()).toEqual([...new Set(declared)].sort());
  });

  it('has a row for every call of every step, with its resource', () => {
    const page = inRepository('docs/permissions.md');
    for (const { name, reads, writes, needs = [] } of all) {
      const section = page.split(`\n## ${name}\n`)[1]?.split('\n## ')[0] ?? '';
      for (const [action, { on }] of Object.entries({ ...reads, ...writes })) {
        expect(section, name).toContain(
          `\`${action}\` | ${[on]
            .flat()
            .map((r) => `\`${r}\``)
            .join('<br>')}`,
        );
      }
      for (const { because } of needs) expect(section, name).toContain(because);
    }
  });
});
