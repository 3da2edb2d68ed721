import type { ConfigServiceClient } from '@aws-sdk/client-config-service';
import { type ClientPerRegion, isKnownRegion, type RegionName } from '../shared/regions.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import type { KeptTrace, TracedRole } from '../shared/trace.ts';
import {
  type Change,
  hasRecorder,
  historyOf,
  isRecordable,
  type Touched,
} from './config-history.ts';

/** Resources that Config is asked about: those touched most often first. */
const mostResources = 200;

interface About {
  readonly resources: readonly KeptTrace['resources'][number][];
  readonly userName: string | null;
  readonly roles: readonly TracedRole[];
}

type Clients = ClientPerRegion<ConfigServiceClient>;
type Span = { earlierTime: Date; laterTime: Date };

/** Asks Config in each Region about the resources touched there, Regions side by side. */
export async function changesIn(config: Clients, about: About, span: Span, home: string) {
  const all = touchedIn(about, home);
  const taken = all.slice(0, mostResources);
  const found = {
    changes: [] as Change[],
    unknown: [] as Touched[],
    notRecorded: [] as string[],
    asked: 0,
    touched: all.length,
    limits: taken.length < all.length ? ['resources'] : [],
  };
  const inTurn = [...new Set(taken.map(({ region }) => region))];
  await sideBySide(
    inTurn.map(async (region) => {
      if (!(await hasRecorder(config.in(region)))) {
        found.notRecorded.push(region);
        return;
      }
      for (const { resource } of taken.filter((one) => one.region === region)) {
        found.asked++;
        const history = await historyOf(config.in(region), resource, span);
        if (history) found.changes.push(...history);
        else found.unknown.push(resource);
      }
    }),
  );
  found.changes.sort((a, b) => a.at.localeCompare(b.at) || a.id.localeCompare(b.id));
  found.notRecorded.sort();
  return found;
}

/** The principals themselves, then what they touched; what IAM holds is asked about at home. */
function touchedIn(
  { resources, userName, roles }: About,
  home: string,
): { region: RegionName; resource: Touched }[] {
  const principals = [
    ...(userName ? [{ type: 'AWS::IAM::User', name: userName, id: null, region: home }] : []),
    ...roles.map(({ roleName, roleId }) => ({
      ...{ type: 'AWS::IAM::Role', name: roleName, id: roleId, region: home },
    })),
  ];
  const touched = resources.map(({ type, name, region }) => ({
    ...{ type, name, id: null },
    region: type.startsWith('AWS::IAM::') ? home : region,
  }));
  const seen = new Set<string>();
  return [...principals, ...touched].flatMap(({ type, name, id, region }) => {
    const key = `${region} ${type} ${name.split(/[/:]/).at(-1)}`;
    if (seen.has(key) || !isKnownRegion(region) || !isRecordable(type)) return [];
    seen.add(key);
    return { region, resource: { type, name, id } };
  });
}
