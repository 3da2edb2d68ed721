import type { Home } from './home.ts';
import { UndeclaredCallError } from './journal.ts';
import type { Step } from './step.ts';

/** The members of {@link Home} that a step may use: what it declares, and the case it is given. */
export const homeMembersOf = ({
  uses = [],
  withoutCase,
}: Pick<Step, 'uses' | 'withoutCase'>): ReadonlySet<keyof Home> =>
  new Set(withoutCase ? uses : [...uses, 'cases']);

/**
 * Cordon's own account as one step may use it. On AWS its Lambda has neither the permission nor the
 * variable for more; so that no rehearsal does what the deployed step cannot, the rest throws here.
 */
export function homeInUse(step: Pick<Step, 'name' | 'uses' | 'withoutCase'>, home: Home): Home {
  const members: ReadonlySet<PropertyKey> = homeMembersOf(step);
  return new Proxy(home, {
    get(target, member) {
      if (member in target && !members.has(member)) {
        throw new UndeclaredCallError(`${step.name} used home.${String(member)} undeclared`);
      }
      return Reflect.get(target, member);
    },
  });
}
