import { type forbidden, forbids, forbidsRole, forbidsUser } from '../shared/guard-rails.ts';
import { recordedBy } from '../shared/live-case.ts';
import { heldTo, keyOf, nameOfChange, namesOf, nothingLeft } from '../shared/recorded-change.ts';
import type { RecordedChange } from '../shared/releases.ts';
import type { StepContext } from '../shared/step.ts';

/** Why a change is left as it is, besides that its target must not be touched. */
export const notTakenBack = [
  'not-named',
  'key-not-named',
  'still-isolated',
  'new-finding',
] as const;

type Reason = (typeof notTakenBack)[number] | (typeof forbidden)[number];

interface Asked {
  readonly rejoin: readonly string[];
  readonly reactivateKeys: readonly string[];
  readonly counted: number;
}

/** Why a change is not to be taken back; undefined where its undo is to be asked. */
export async function judgeChange(
  change: RecordedChange,
  asked: Asked,
  context: StepContext,
): Promise<Reason | undefined> {
  const { home, case: ref } = context;
  const forbidding = forbiddenFor(change, context);
  if (forbidding) return forbidding;
  const names = namesOf(change);
  if (names.length > 0 && !names.some((name) => asked.rejoin.includes(name))) return 'not-named';
  const key = keyOf(change);
  if (key && !asked.reactivateKeys.includes(key)) return 'key-not-named';
  if ((await home.cases.releases.counted(ref)) > asked.counted) return 'new-finding';
  // A member that nothing reaches fails its health check, and is terminated with its evidence.
  if (change.step === 'detach-from-auto-scaling' && (await isIsolated(context))) {
    return 'still-isolated';
  }
  return undefined;
}

function forbiddenFor(change: RecordedChange, { settings, case: ref }: StepContext) {
  const { instanceId, userName, roleName } = heldTo(change, ref);
  return (
    forbids(settings, { account: ref.account, instance: instanceId && { instanceId } }) ??
    (userName && forbidsUser(settings, userName)) ??
    (roleName && forbidsRole(settings, roleName))
  );
}

/** Whether the case has cut off an interface that this release, or an earlier one, left so. */
async function isIsolated({ home, case: ref }: StepContext): Promise<boolean> {
  const { releases } = home.cases;
  const [changes, undone] = [await releases.changes(recordedBy(ref)), await releases.undone(ref)];
  const back = new Set(undone.filter(({ outcome }) => nothingLeft.has(outcome)).map(nameOfChange));
  return changes.some(
    (one) =>
      one.step === 'isolate-instance' &&
      'networkInterfaceId' in one.state &&
      !back.has(nameOfChange(one)),
  );
}
