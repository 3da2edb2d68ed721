import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import example from '../../cordon.config.example.ts';
import { cordonApp } from '../../infra/app.ts';
import { type CordonConfig, parseConfig } from '../../infra/config.ts';

/** A resource as it stands in a template. */
export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: each type of resource has properties of its own
  readonly Properties: any;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** A synthesised template, to be asked for what it holds. */
interface Synthesised {
  readonly json: {
    readonly Resources: Readonly<Record<string, Resource>>;
    readonly Parameters?: object;
    readonly Rules?: object;
    readonly Outputs?: object;
  };
  /** Every resource of a type, by its logical id. */
  all(type: string): ReadonlyMap<string, Resource>;
  /** The only resource of a type whose logical id begins so. */
  one(type: string, begins?: string): Resource;
}

/** The templates of the example, with what a test says differs, by the end of their stack's name. */
export function templatesOf(
  differs: Partial<CordonConfig> = {},
  { checked = false } = {},
): (part: string) => Synthesised {
  const asset = mkdtempSync(join(tmpdir(), 'cordon-asset-'));
  writeFileSync(join(asset, 'index.mjs'), '');
  const config = parseConfig({ ...example, ...differs });
  const { stacks } = cordonApp({ config, asset, checked }).synth();
  rmSync(asset, { recursive: true });
  return (part) => {
    const stack = stacks.find(({ stackName }) => stackName === `cordon-${config.stage}-${part}`);
    if (!stack)
      throw new Error(`no stack ${part} among ${stacks.map(({ stackName }) => stackName)}`);
    return synthesised(stack.template);
  };
}

function synthesised(json: Synthesised['json']): Synthesised {
  const all = (type: string) =>
    new Map(Object.entries(json.Resources).filter(([, { Type }]) => Type === type));
  return {
    json,
    all,
    one(type, begins = '') {
      const [found, ...more] = [...all(type)].filter(([id]) => id.startsWith(begins));
      if (!found || more.length > 0) throw new Error(`${more.length + 1} of ${type} ${begins}`);
      return found[1];
    },
  };
}

/** A value of a template with its references written as `<LogicalId.Attribute>`. */
export function flat(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return String(value);
  if ('Ref' in value) return `<${flat(value.Ref)}>`;
  if ('Fn::GetAtt' in value && Array.isArray(value['Fn::GetAtt'])) {
    return `<${value['Fn::GetAtt'].join('.')}>`;
  }
  if ('Fn::Join' in value && Array.isArray(value['Fn::Join'])) {
    const [between, parts] = value['Fn::Join'];
    return parts.map(flat).join(between);
  }
  return JSON.stringify(value);
}

/** The statements of a policy document, each list a list even where the template has one string. */
export function statementsIn(document: { Statement: unknown }) {
  const list = (value: unknown) => (Array.isArray(value) ? value : [value]).map(flat);
  // biome-ignore lint/suspicious/noExplicitAny: a policy document as it stands in a template
  return [document.Statement].flat().map((statement: any) => ({
    sid: statement.Sid as string | undefined,
    effect: statement.Effect as string,
    actions: list(statement.Action),
    resources: list(statement.Resource),
    principal: statement.Principal,
    condition: statement.Condition as Record<string, Record<string, unknown>> | undefined,
  }));
}
